import ArgumentParser
import ControlProtocol

/// When a foreground `up` stops the stack by itself, under Compose's names too.
struct AbortOptions: ParsableArguments {
    @Flag(
        name: [.customLong("abort-on-exit"), .customLong("abort-on-container-exit")],
        help: """
            Stop the stack when a process ends that will not be restarted, unless others wait for that; exit as it did.
            """)
    var onExit = false

    @Flag(
        name: [.customLong("abort-on-failure"), .customLong("abort-on-container-failure")],
        help: "Stop the stack when a process fails that will not be restarted; exit as that did.")
    var onFailure = false

    @Option(
        name: .customLong("exit-code-from"),
        help: ArgumentHelp(
            "Exit as this service did, and stop the stack when it ends; implies --abort-on-exit without "
                + "--abort-on-failure.",
            valueName: "service"),
        completion: .services)
    var statusSource: String?

    func validate() throws {
        if onFailure, onExit { throw ValidationError("--abort-on-failure and --abort-on-exit exclude each other.") }
    }

    var isAskedFor: Bool { onExit || onFailure || statusSource != nil }

    /// The services that are named.
    var services: [String] { statusSource.map { [$0] } ?? [] }

    func rule(start: Timestamp) -> AbortRule {
        let trigger: AbortRule.Trigger = onFailure ? .anyFailure : isAskedFor ? .anyExit : .never
        return AbortRule(trigger: trigger, statusSource: statusSource, start: start)
    }
}
