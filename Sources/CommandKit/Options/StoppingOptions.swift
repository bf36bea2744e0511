import ArgumentParser
import ControlProtocol
import StackModel

/// The options of a command that stops what runs, and returns when that is done.
struct StoppingOptions: ParsableArguments {
    @Option(
        name: [.customShort("t"), .customLong("timeout")],
        help: ArgumentHelp(
            "Kill each process that takes longer to end than this, as in 10 or 10s; else its stop_grace_period holds.",
            valueName: "duration"))
    var grace: DurationArgument?

    @Option(
        help: ArgumentHelp("How long to wait until it is done, as in 30s; else without limit.", valueName: "duration"))
    var waitTimeout: DurationArgument?

    @Flag(inversion: .prefixedNo, help: "Return when it is done, or when it is asked for.")
    var wait = true

    func validate() throws {
        if waitTimeout != nil, !wait { throw ValidationError("--wait-timeout and --no-wait exclude each other.") }
        // Longer than anybody waits for, and more than the daemon takes.
        if let grace, grace.duration > .seconds(Seconds.limit) {
            throw ValidationError("--timeout must be at most a day.")
        }
    }

    /// How long to wait, for those who share that with commands that stop nothing.
    var waiting: Waiting {
        Waiting(isWanted: wait, timeout: waitTimeout?.duration, grace: grace?.duration)
    }
}

/// Whether and how long a command waits for what it has asked for.
struct Waiting: Sendable {
    var isWanted = true
    /// Nil is without limit.
    var timeout: Duration?
    /// So long each process may take to stop; nil leaves that to the file.
    var grace: Duration?
}
