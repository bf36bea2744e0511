import LinuxRuntime
import Testing

extension EventLoop {
    struct Late: Error {}

    /// Turns until a condition holds; fails the test when it does not within half a minute.
    func run(
        until what: Comment, sourceLocation: SourceLocation = #_sourceLocation, _ condition: () throws -> Bool
    ) throws {
        var isLate = false
        let timer = schedule(after: .seconds(30)) { isLate = true }
        defer { cancel(timer) }
        while try !condition() {
            try turn(waiting: true)
            if isLate {
                Issue.record("not within 30 seconds: \(what)", sourceLocation: sourceLocation)
                throw Late()
            }
        }
    }

    /// As above, for a condition that is not of the loop: it is looked at again and again.
    func poll(
        until what: Comment, sourceLocation: SourceLocation = #_sourceLocation, _ condition: () throws -> Bool
    ) throws {
        var tick = schedule(after: .zero) {}
        defer { cancel(tick) }
        try run(until: what, sourceLocation: sourceLocation) {
            cancel(tick)
            tick = schedule(after: .milliseconds(5)) {}
            return try condition()
        }
    }
}
