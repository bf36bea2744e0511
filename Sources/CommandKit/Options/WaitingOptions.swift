import ArgumentParser

/// The options of a command that returns when what it asked for is done.
struct WaitingOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("How long to wait until it is done, as in 30s; else without limit.", valueName: "duration"))
    var timeout: DurationArgument?

    @Flag(inversion: .prefixedNo, help: "Return when it is done, or when it is asked for.")
    var wait = true

    func validate() throws {
        if timeout != nil, !wait { throw ValidationError("--timeout and --no-wait exclude each other.") }
    }

    var waiting: Waiting { Waiting(isWanted: wait, timeout: timeout?.duration) }

    /// Most commands are done before progress would be worth showing.
    static let patience = Duration.seconds(1)
}
