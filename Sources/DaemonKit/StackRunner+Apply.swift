public import ControlProtocol
import LinuxRuntime
import StackFile
import StackModel
import SupervisorCore

/// What has become of the stack files since they were read, and making that true.
extension StackRunner {
    public func plan(_ request: PlanRequest) async throws(ControlProblem) -> PlanDocument {
        let files = try await readFiles(request.environment)
        let usage = await usageOfRolling(in: files)
        return try plan(for: files, usage)
    }

    public func apply(_ request: ApplyRequest) async throws(ControlProblem) -> PlanDocument {
        guard !isAskedToStop else { throw .shuttingDown }
        onReload?(.started)
        do throws(ControlProblem) {
            let plan = try await adoptFiles(request)
            onReload?(.applied)
            return plan
        } catch {
            onReload?(.refused(error))
            throw error
        }
    }

    private func adoptFiles(_ request: ApplyRequest) async throws(ControlProblem) -> PlanDocument {
        let (files, usage) = try await readLatestFiles(request.environment)
        var plan = try plan(for: files, usage)
        if let expected = request.plan, expected != plan.plan { throw .planChanged(to: plan.plan) }
        guard plan.conflicts.isEmpty else { throw .portConflict(plan.conflicts) }
        adopt(
            files.stack, prepared: files.prepared, atOnce: request.atOnce, environment: files.environment)
        if request.atOnce { plan.stopBeforeStart() }
        return plan
    }

    /// Of two who apply at a time, who has read the files first may come second, and would put back what they were:
    /// what was read before others were applied is read again. It comes to an end, as each time somebody has got on.
    private func readLatestFiles(
        _ variables: [String: String]
    ) async throws(ControlProblem) -> (ReadFiles, [UsageDocument]) {
        while true {
            let before = adoptions
            let files = try await readFiles(variables)
            let usage = await usageOfRolling(in: files)
            if adoptions == before { return (files, usage) }
        }
    }

    /// What the instances use of which there are to be more for a while; it is not asked where there are none.
    private func usageOfRolling(in files: ReadFiles) async -> [UsageDocument] {
        let rolling = supervisor.plan(for: files.prepared).filter { $0.kind == .rolling }.map(\.service.text)
        guard !rolling.isEmpty else { return [] }
        return await usage().filter { rolling.contains($0.service) }
    }

    /// The files as they are now, read on a thread that serves nobody, not even the control API's clients: a disk may
    /// take its time.
    private nonisolated func readFiles(
        _ variables: [String: String]
    ) async throws(ControlProblem) -> ReadFiles {
        let configuration = await configuration
        let environment = configuration.environment.merging(variables) { $1 }
        let result = await withTaskExecutorPreference(globalConcurrentExecutor) {
            StackFile.load(files: configuration.files, environment: environment, profiles: configuration.profiles)
        }
        let texts = result.diagnostics.map(\.text)
        guard let stack = result.spec else { throw .invalidFile(texts) }
        return ReadFiles(
            stack: stack, prepared: try await preparedForApply(stack), environment: environment, warnings: texts,
            host: await elsewhere { HostLoad.read() })
    }

    private func preparedForApply(_ stack: StackSpec) async throws(ControlProblem) -> StackSpec {
        do throws(SystemError) {
            return try await prepared(stack)
        } catch {
            throw .invalidFile(["HAProxy's configuration cannot be written: \(error)"])
        }
    }

    private func plan(for files: ReadFiles, _ usage: [UsageDocument]) throws(ControlProblem) -> PlanDocument {
        try checkIdentity(of: files.stack)
        guard !isAskedToStop else { throw .shuttingDown }
        // What was asked for before counts.
        takeQueue()
        let planner = Planner(
            before: { [supervisor] in supervisor.spec(of: $0) }, after: files.prepared, usage: usage,
            dependents: { [supervisor] in supervisor.dependents(of: $0) })
        let changes = supervisor.plan(for: files.prepared)
        return planner.document(
            changes,
            control: ResolvedFile.differences(from: configuration.stack.control, to: files.stack.control),
            conflicts: interpreter.conflicts(of: changes, in: files.prepared) { [supervisor] in supervisor.spec(of: $0)
            },
            warnings: files.warnings
                + LimitWarnings(unenforceable: interpreter.containments.unenforceable, host: files.host)
                .warnings(for: files.stack.services),
            event: history.newest)
    }

    /// A stack is where its name says, and its relative paths are where its files are: these do not change at run time.
    private func checkIdentity(of stack: StackSpec) throws(ControlProblem) {
        guard stack.name == configuration.stack.name else {
            throw .invalidFile([
                "the stack's name is \"\(stack.name)\" now, and \"\(configuration.stack.name)\" runs; "
                    + "to rename a stack, stop it before"
            ])
        }
    }
}

/// What happens when the files are read again to be applied.
enum Reload {
    case started, applied
    /// Nothing has changed for it.
    case refused(ControlProblem)
}

/// A stack as its files describe it by now.
private struct ReadFiles: Sendable {
    var stack: StackSpec
    var prepared: StackSpec
    var environment: [String: String]
    var warnings: [String]
    var host: HostLoad
}
