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
    let queue = EventQueue()
    let hub: LogHub

    init() throws {
        directory = try TemporaryDirectory()
        loop = try EventLoop()
        hub = try LogHub(loop: loop, directory: directory.path, stack: "shop", queue: queue)
    }

    private func service(_ name: String) throws -> ServiceName { try #require(ServiceName(name)) }

    private func line(_ service: String, _ number: Int, _ stream: String = "out", _ text: String = "text") -> String {
        "2026-11-23T10:00:00.123456Z \(service)/0 \(stream) \(number) \(text)\n"
    }

    private func lines(_ query: LogQuery, of services: String...) async throws -> [LogLine] {
        let source = try hub.source(query, of: try services.map(service))
        var lines: [LogLine] = []
        while let records = await source.next() {
            for case .item(let line) in records { lines.append(line) }
        }
        return lines
    }

    @Test func linesSayWhoWroteThemAndWhetherTheyGoOn() async throws {
        try directory.write(
            line("a", 1, "out+", "be") + line("a", 2, "out", "gin") + line("a", 3, "err") + line("a", 4, "gap"),
            to: "a-0.log")
        let found = try await lines(LogQuery(), of: "a")
        #expect(found.map(\.stream) == [.stdout, .stdout, .stderr, .stackd])
        #expect(found.map(\.continues) == [true, false, false, false])
        #expect(found.map(\.sequence) == [1, 2, 3, 4] && found.first?.text == "be")
        #expect(found.first?.time.description == "2026-11-23T10:00:00.123Z")
    }

    @Test func aQueryWithoutNamesIsForTheServicesOfTheStack() async throws {
        for name in ["a", "b", "removed"] { try directory.write(line(name, 1), to: "\(name)-0.log") }
        #expect(try await lines(LogQuery(), of: "a", "b").map(\.service) == ["a", "b"])
        #expect(try await lines(LogQuery(services: ["b"]), of: "a", "b").map(\.service) == ["b"])
    }

    @Test func everyPartOfAQueryIsKeptTo() async throws {
        try directory.write((1...20).map { line("a", $0, "out", "line \($0)") }.joined(), to: "a-0.log")
        let position = LogPosition(numbers: [LogPosition.Replica(service: "a", index: 0): 18])
        #expect(try await lines(LogQuery(after: position), of: "a").map(\.sequence) == [19, 20])
        #expect(try await lines(LogQuery(tail: 3), of: "a").map(\.sequence) == [18, 19, 20])
        #expect(try await lines(LogQuery(pattern: "line 1[0-2]"), of: "a").map(\.sequence) == [10, 11, 12])
        let time = try #require(Timestamp("2026-11-23T10:00:00.124Z"))
        #expect(try await lines(LogQuery(since: time), of: "a").isEmpty)
        #expect(try await lines(LogQuery(until: time), of: "a").count == 20)
        #expect(try await lines(LogQuery(until: Timestamp(milliseconds: .max)), of: "a").count == 20)
    }

    @Test func aPatternThatIsNoneIsABadRequest() throws {
        let problem = #expect(throws: ControlProblem.self) { try hub.source(LogQuery(pattern: "("), of: []) }
        #expect(problem?.code == .badRequest)
    }

    @Test func whatIsDroppedIsAnEventOfTheReplica() throws {
        mkdir("\(directory.path)/a-0.log", 0o755)
        let replica = ReplicaID(service: try service("a"), index: 0)
        let output = try hub.attach(replica, LogSpec())
        output.withWriters { writer, _ in #expect(write(writer, "one\n", 4) == 4) }
        output.finish()
        // Bounded by the test's own time limit: the loop waits for what the log's threads report.
        while queue.isEmpty { try loop.turn(waiting: true) }
        let events = queue.takeAll()
        guard case .observed(.replica(replica), .outputDropping(let why)) = events.first else {
            Issue.record("not told: \(events)")
            return
        }
        #expect(why.hasSuffix("Is a directory"))
        #expect(hub.counts(of: replica).droppedLines == 1)
    }
}
