public import ControlProtocol
import StackFile
import StackModel
import SupervisorCore

/// What has become of the stack files since they were read, and making that true.
extension StackRunner {
    public func plan(_ request: PlanRequest) async throws(ControlProblem) -> PlanDocument {
        try plan(for: try await readFiles(request.environment))
    }

    public func apply(_ request: ApplyRequest) async throws(ControlProblem) -> PlanDocument {
        guard !isAskedToStop else { throw .shuttingDown }
        onReload?(.started)
        do throws(ControlProblem) {
            let files = try await readLatestFiles(request.environment)
            let plan = try plan(for: files)
            if let expected = request.plan, expected != plan.plan { throw .planChanged(to: plan.plan) }
            adopt(files.stack, environment: files.environment)
            onReload?(.applied)
            return plan
        } catch {
            onReload?(.refused(error))
            throw error
        }
    }

    /// Of two who apply at a time, who has read the files first may come second, and would put back what they were:
    /// what was read before others were applied is read again. It comes to an end, as each time somebody has got on.
    private func readLatestFiles(_ variables: [String: String]) async throws(ControlProblem) -> ReadFiles {
        while true {
            let before = adoptions
            let files = try await readFiles(variables)
            if adoptions == before { return files }
        }
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
        return ReadFiles(stack: stack, environment: environment, warnings: texts)
    }

    private func plan(for files: ReadFiles) throws(ControlProblem) -> PlanDocument {
        try checkIdentity(of: files.stack)
        guard !isAskedToStop else { throw .shuttingDown }
        // What was asked for before counts.
        takeQueue()
        let changes = supervisor.plan(for: files.stack).map { change in
            PlanDocument.Change(
                service: change.service.text, kind: PlanDocument.Change.Kind(change.kind),
                differences: differences(of: change, in: files.stack),
                dependents: change.interruptsService ? supervisor.dependents(of: change.service).map(\.text) : [])
        }
        let control = ResolvedFile.differences(from: configuration.stack.control, to: files.stack.control)
            .map { PlanDocument.Difference($0) }
        return PlanDocument(
            plan: fingerprint(of: changes, control, files.stack), changes: changes, control: control,
            warnings: files.warnings, event: history.newest)
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

    private func differences(of change: ServiceChange, in stack: StackSpec) -> [PlanDocument.Difference] {
        guard let before = configuration.stack[change.service], let after = stack[change.service] else { return [] }
        return ResolvedFile.differences(from: before, to: after).map { PlanDocument.Difference($0) }
    }

    /// What the plan does and to what: another state of the stack, or other files, give another.
    private func fingerprint(
        of changes: [PlanDocument.Change], _ control: [PlanDocument.Difference], _ stack: StackSpec
    ) -> String {
        let services = changes.map { change in
            let name = ServiceName(change.service)
            let before = name.flatMap { configuration.stack[$0]?.revision.text } ?? ""
            let after = name.flatMap { stack[$0]?.revision.text } ?? ""
            return (["\(change.service) \(change.kind.rawValue) \(before) \(after)"] + change.differences.map(\.line))
                .joined(separator: "\n")
        }
        return Revision(hashing: (services + control.map(\.line)).joined(separator: "\n")).text
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
    var environment: [String: String]
    var warnings: [String]
}

extension PlanDocument.Difference {
    fileprivate init(_ difference: ResolvedFile.Difference) {
        self.init(key: difference.key, before: difference.before, after: difference.after)
    }

    fileprivate var line: String { "\(key)=\(after ?? "")" }
}

extension ServiceChange {
    /// Whether there is a moment at which the service is not there for those that depend on it.
    fileprivate var interruptsService: Bool {
        switch kind {
        case .restart, .stop: true
        case .none, .live, .start: false
        }
    }
}

extension PlanDocument.Change.Kind {
    init(_ kind: ServiceChange.Kind) {
        self =
            switch kind {
            case .none: .none
            case .live: .live
            case .restart: .restart
            case .start: .start
            case .stop: .stop
            }
    }
}
