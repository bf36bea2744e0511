import ControlProtocol
import ControlServer
import Glibc
import LinuxRuntime
import StackModel
import SupervisorCore
import Testing

@testable import DaemonKit

@Suite struct LogHubTests {
    let directory: TemporaryDirectory
    let loop: EventLoop
    let hub: LogHub

    init() throws {
        directory = try TemporaryDirectory()
        loop = try EventLoop()
        hub = LogHub(loop: loop, directory: directory.path, queue: EventQueue())
    }

    private func replica(_ name: String) throws -> (ReplicaID, LogSpec) {
        (ReplicaID(service: try #require(ServiceName(name)), index: 0), LogSpec())
    }

    private func line(_ service: String, _ sequence: Int, _ stream: String = "out", _ text: String = "text") -> String {
        "2026-11-23T10:00:00.123456Z \(service)/0 \(stream) \(sequence) \(text)\n"
    }

    private func lines(_ subscription: Subscription<LogLine>) -> [LogLine] {
        subscription.backlog.compactMap { record in
            if case .item(let line) = record { line } else { nil }
        }
    }

    private func gap(_ subscription: Subscription<LogLine>) -> StreamGap? {
        guard case .gap(let gap) = subscription.backlog.first else { return nil }
        return gap
    }

    @Test func anAnswerHoldsSoManyLinesOfAllReplicasTogether() throws {
        for service in ["a", "b"] {
            try directory.write((1...7_000).map { line(service, $0) }.joined(), to: "\(service)-0.log")
        }
        try directory.write((1...10).map { line("c", $0) }.joined(), to: "c-0.log")
        let subscription = hub.subscribe(LogQuery(), to: [try replica("c"), try replica("a"), try replica("b")])
        let found = lines(subscription)
        #expect(found.count == 10_000)
        // What c does not need, the others have.
        #expect(found.count { $0.service == "c" } == 10 && found.count { $0.service == "a" } == 4_995)
        #expect(gap(subscription) == StreamGap(lost: 4_010, unit: .lines, code: .answerTooLarge))
    }

    @Test func anAnswerHoldsSoManyBytes() throws {
        let long = String(repeating: "x", count: 1000)
        try directory.write((1...2_000).map { line("a", $0, "out", long) }.joined(), to: "a-0.log")
        let subscription = hub.subscribe(LogQuery(tail: 1_500), to: [try replica("a")])
        let found = lines(subscription)
        #expect(found.count < 1_050 && found.last?.sequence == 2_000)
        #expect(gap(subscription)?.lost == UInt64(1_500 - found.count))
    }

    @Test func numbersThatMakeNoSenseStopNothing() throws {
        let services = ["a", "b", "c", "d"]
        for service in services {
            try directory.write(line(service, .max) + line(service, .max), to: "\(service)-0.log")
        }
        let subscription = hub.subscribe(LogQuery(tail: .max), to: try (services + services).map { try replica($0) })
        #expect(lines(subscription).count == 16 && gap(subscription) == nil)
        let long = String(repeating: "x", count: 300_000)
        for service in services {
            let text = line(service, 1, "out", long) + line(service, .max)
            try directory.write(text, to: "\(service)-0.log")
        }
        let cut = hub.subscribe(LogQuery(), to: try services.map { try replica($0) })
        #expect(try #require(gap(cut)).lost >= UInt64(Int64.max) - 1)
    }

    @Test func whatIsAskedForAndFitsIsNoGap() throws {
        try directory.write((1...100).map { line("a", $0) }.joined(), to: "a-0.log")
        for tail in [0, 5, 100, 200, nil] as [Int?] {
            let subscription = hub.subscribe(LogQuery(tail: tail), to: [try replica("a")])
            #expect(subscription.backlog.count == min(100, tail ?? 100) && gap(subscription) == nil)
        }
    }

    @Test func linesSayWhoWroteThemAndWhetherTheyGoOn() throws {
        try directory.write(
            line("a", 1, "out+", "be") + line("a", 2, "out", "gin") + line("a", 3, "err") + line("a", 3, "gap"),
            to: "a-0.log")
        let found = lines(hub.subscribe(LogQuery(), to: [try replica("a")]))
        #expect(found.map(\.stream) == [.stdout, .stdout, .stderr, .stackd])
        #expect(found.map(\.continues) == [true, false, false, false])
    }

    @Test func clientsThatHaveGoneAreForgottenByTheNextThatComes() throws {
        let query = LogQuery(follow: true)
        let gone = try #require(hub.subscribe(query, to: []).feed)
        #expect(hub.followerCount == 1)
        gone.finish()
        _ = hub.subscribe(LogQuery(), to: [])
        #expect(hub.followerCount == 0)
        _ = hub.subscribe(query, to: [])
        #expect(hub.followerCount == 1)
    }
}
