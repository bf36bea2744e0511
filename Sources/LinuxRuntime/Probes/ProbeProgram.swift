import Glibc

/// A program that a probe runs, in the surroundings of the service.
public struct ProbeProgram {
    /// The command, with the service's environment, user, working directory and limits. The standard streams are the
    /// probe's to set.
    public var request: SpawnRequest
    /// Makes the containment of one run, empty and apart from the instance's own. So the end of a run is the end of all
    /// that the program started, wherever that went, and of nothing else: by the kernel's account where there are
    /// cgroups, else by descent, session and environment, as `ProcessTree` has it.
    public var makeContainment: () throws(SystemError) -> any Containment

    public init(request: SpawnRequest, makeContainment: @escaping () throws(SystemError) -> any Containment) {
        self.request = request
        self.makeContainment = makeContainment
    }
}

/// The process of one run, with everything that it starts.
final class ProbeProcess {
    private let loop: EventLoop
    private let containment: any Containment
    /// Nil where standard output is not kept.
    private let output: OutputExcerpt?
    private let errors: OutputExcerpt
    private var process: WatchedProcess?
    private var onExit: ((ProcessExit) -> Void)?

    /// Starts the program; `onExit` is called once, on the loop, unless `end` comes first.
    ///
    /// - Parameter standardInputAndOutput: a descriptor lent for the call; nil means no input, and output that is kept
    ///   for `words`.
    init(
        _ program: ProbeProgram, standardInputAndOutput: Int32? = nil, tools: ProbeTools,
        onExit: @escaping (ProcessExit) -> Void
    ) throws(ProbeFailure) {
        loop = tools.loop
        do throws(SystemError) {
            errors = try OutputExcerpt(loop: tools.loop)
            output = standardInputAndOutput == nil ? try OutputExcerpt(loop: tools.loop) : nil
            containment = try program.makeContainment()
        } catch {
            throw ProbeFailure(error.description)
        }
        self.onExit = onExit
        var request = program.request
        request.standardInput = standardInputAndOutput
        request.standardOutput = standardInputAndOutput ?? output?.writerNumber
        request.standardError = errors.writerNumber
        // Nobody can take a run over from a daemon that dies.
        request.deathSignal = SIGKILL
        containment.prepare(&request)
        do {
            let spawned = try tools.spawner.spawn(request)
            try? containment.started(pid: spawned.pid)
            process = try tools.exits.watch(spawned) { [weak self] status in self?.exited(status) }
            try errors.start()
            try output?.start()
        } catch {
            end()
            throw ProbeFailure("\(error)")
        }
    }

    /// Kills the process and all that it started. They are reaped as they end, and then their containment goes.
    func end() {
        kill()
        // Fails where the kernel has lost the directory already.
        try? containment.remove()
    }

    /// As `end`, and calls `next` when the containment has gone, whose name may then be given again. It cannot be used
    /// again itself: Linux 6.18 kills what is born by clone3 into a cgroup that was killed before.
    func end(then next: @escaping () -> Void) throws(ProbeFailure) {
        kill()
        do throws(SystemError) {
            try containment.onEmpty { [containment, loop] in
                try? containment.remove()
                // It may need a turn of the loop to go.
                loop.schedule(after: .zero, next)
            }
        } catch {
            throw ProbeFailure(error.description)
        }
    }

    private func kill() {
        onExit = nil
        errors.close()
        output?.close()
        // The main process first and by itself, for a containment may need a turn of the loop to find its members.
        try? process?.signal(SIGKILL)
        try? containment.killAll()
    }

    /// How it ended, with a line of what it said.
    func words(for status: ProcessExit) -> String {
        guard let line = errors.tellingLine() ?? output?.tellingLine() else { return status.description }
        return "\(status): \(line)"
    }

    /// What its standard output begins with, where that is kept.
    var outputBeginning: [UInt8] { output?.beginning() ?? [] }

    private func exited(_ status: ProcessExit) {
        let onExit = onExit
        self.onExit = nil
        onExit?(status)
    }
}

/// One run of an `exec` probe: a command ends with status 0.
final class ExecProbeRun: RunningProbe {
    private let program: ProbeProgram
    private let tools: ProbeTools
    private let report: (ProbeResult) -> Void
    private var process: ProbeProcess?

    init(_ program: ProbeProgram, tools: ProbeTools, report: @escaping (ProbeResult) -> Void) {
        self.program = program
        self.tools = tools
        self.report = report
    }

    func start() {
        do throws(ProbeFailure) {
            process = try ProbeProcess(program, tools: tools) { [self] status in exited(status) }
        } catch {
            report(.failed(error.words))
        }
    }

    func cancel() {
        process?.end()
        process = nil
    }

    private func exited(_ status: ProcessExit) {
        guard let process else { return }
        let result: ProbeResult = status == .exited(code: 0) ? .passed : .failed(process.words(for: status))
        // What the command left in the background ends with it.
        cancel()
        report(result)
    }
}
