import Glibc
import LinuxRuntime
import Testing

@testable import DaemonKit

@Suite struct LeftoversTests {
    private let loop: EventLoop
    private let maker = FakeMaker()

    init() throws {
        loop = try EventLoop()
    }

    /// Runs the loop until the condition holds, half a minute at the most.
    private func run(until condition: () -> Bool) throws {
        var isLate = false
        let timer = loop.schedule(after: .seconds(30)) { isLate = true }
        while !condition(), !isLate { try loop.turn(waiting: true) }
        loop.cancel(timer)
        #expect(!isLate)
    }

    @Test func withNoneItEndsAtOnce() throws {
        let leftovers = Leftovers(maker, loop: loop)
        maker.containments = [FakeContainment("1", isEmpty: true)]
        var ended: Int?
        leftovers.onEnd = { ended = $0 }
        try leftovers.end()
        #expect(ended == 0)
        #expect(maker.containments[0].calls == ["remove"])
    }

    @Test func thatTheyCannotBeFoundDoesNotMeanThatThereAreNone() {
        let leftovers = Leftovers(maker, loop: loop)
        maker.error = SystemError(errno: EMFILE, operation: "read")
        leftovers.onEnd = { _ in Issue.record("nobody knows that") }
        #expect(throws: SystemError(errno: EMFILE, operation: "read")) { try leftovers.end() }
    }

    @Test func whatDoesNotEndIsKilledUntilItIsGone() throws {
        let leftovers = Leftovers(maker, loop: loop, gracePeriod: .zero)
        let stubborn = FakeContainment("7")
        stubborn.killsToEnd = 3
        maker.containments = [stubborn]
        var ended: Int?
        leftovers.onEnd = { ended = $0 }
        try leftovers.end()
        try run { ended != nil }
        #expect(ended == 1)
        #expect(stubborn.calls == ["signal 15", "watch", "kill", "kill", "kill", "remove"])
    }

    @Test func whatCannotBeWatchedIsTriedAgain() throws {
        let leftovers = Leftovers(maker, loop: loop)
        let unwatchable = FakeContainment("7")
        unwatchable.watchFailures = 1
        unwatchable.endsBySignal = true
        maker.containments = [unwatchable]
        var ended: Int?
        leftovers.onEnd = { ended = $0 }
        try leftovers.end()
        try run { ended != nil }
        #expect(ended == 1)
        #expect(unwatchable.calls == ["signal 15", "watch", "watch", "remove"])
    }

    @Test func whoDoesNotWaitHasThemKilledAtOnce() throws {
        let leftovers = Leftovers(maker, loop: loop)
        let slow = FakeContainment("7")
        maker.containments = [slow]
        var ended: Int?
        leftovers.onEnd = { ended = $0 }
        try leftovers.end()
        #expect(ended == nil)
        leftovers.kill()
        try run { ended != nil }
        #expect(slow.calls == ["signal 15", "watch", "kill", "remove"])
    }
}

private final class FakeMaker: ContainmentMaker {
    var containments: [FakeContainment] = []
    var error: SystemError?

    func make(_ id: String) throws(SystemError) -> any Containment { FakeContainment(id) }

    func leftovers() throws(SystemError) -> [any Containment] {
        if let error { throw error }
        return containments
    }

    func sampleUsage(of ids: [String], _ detail: UsageDetail) -> @Sendable () -> [Usage?] { { [] } }

    func finish(_ completion: @escaping () -> Void) { completion() }
}

/// Writes down what is done to it.
private final class FakeContainment: Containment {
    let id: String
    private(set) var calls: [String] = []
    var killsToEnd = 1
    var endsBySignal = false
    var watchFailures = 0
    private var hasEnded: Bool
    private var onEmpty: (() -> Void)?

    init(_ id: String, isEmpty: Bool = false) {
        self.id = id
        hasEnded = isEmpty
    }

    func prepare(_ request: inout SpawnRequest) {}
    func started(pid: Int32) {}
    func members() -> [Int32] { hasEnded ? [] : [1] }
    func isEmpty() -> Bool { hasEnded }
    func contains(pid: Int32) -> Bool { false }

    func signalAll(_ signal: Int32) {
        calls.append("signal \(signal)")
        if endsBySignal { end() }
    }

    func killAll() {
        calls.append("kill")
        killsToEnd -= 1
        if killsToEnd == 0 { end() }
    }

    func onEmpty(_ action: @escaping () -> Void) throws(SystemError) {
        calls.append("watch")
        guard watchFailures == 0 else {
            watchFailures -= 1
            throw SystemError(errno: EMFILE, operation: "watch")
        }
        onEmpty = action
        if hasEnded { end() }
    }

    func remove() { calls.append("remove") }

    private func end() {
        hasEnded = true
        let action = onEmpty
        onEmpty = nil
        action?()
    }
}
