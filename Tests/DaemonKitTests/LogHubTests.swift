import ControlProtocol
import ControlServer
import Glibc
import LinuxRuntime
import StackModel
import SupervisorCore
import Synchronization
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

    /// The answer, read on a thread of its own: the loop belongs to the test's.
    private func lines(_ query: LogQuery, of services: String...) throws -> [LogLine] {
        let source = try hub.source(query, of: try services.map(service))
        let answer = Answer()
        Task(executorPreference: ThreadPerJob.shared) {
            var lines: [LogLine] = []
            while let records = await source.next() {
                for case .item(let line) in records { lines.append(line) }
            }
            answer.lines.withLock { [lines] in $0 = lines }
        }
        for _ in 0..<30_000 {
            if let lines = answer.lines.withLock({ $0 }) { return lines }
            usleep(1000)
        }
        throw CancellationError()
    }

    private final class Answer: Sendable {
        let lines = Mutex<[LogLine]?>(nil)
    }

    @Test func linesSayWhoWroteThemAndWhetherTheyGoOn() throws {
        try directory.write(
            line("a", 1, "out+", "be") + line("a", 2, "out", "gin") + line("a", 3, "err") + line("a", 4, "gap"),
            to: "a-0.log")
        let found = try lines(LogQuery(), of: "a")
        #expect(found.map(\.stream) == [.stdout, .stdout, .stderr, .stackd])
        #expect(found.map(\.continues) == [true, false, false, false])
        #expect(found.map(\.sequence) == [1, 2, 3, 4] && found.first?.text == "be")
        #expect(found.first?.time.description == "2026-11-23T10:00:00.123Z")
    }

    @Test func aQueryWithoutNamesIsForTheServicesOfTheStack() throws {
        for name in ["a", "b", "removed"] { try directory.write(line(name, 1), to: "\(name)-0.log") }
        #expect(try lines(LogQuery(), of: "a", "b").map(\.service) == ["a", "b"])
        #expect(try lines(LogQuery(services: ["b"]), of: "a", "b").map(\.service) == ["b"])
    }

    @Test func everyPartOfAQueryIsKeptTo() throws {
        try directory.write((1...20).map { line("a", $0, "out", "line \($0)") }.joined(), to: "a-0.log")
        let position = LogPosition(numbers: [LogPosition.Replica(service: "a", index: 0): 18])
        #expect(try lines(LogQuery(after: position), of: "a").map(\.sequence) == [19, 20])
        #expect(try lines(LogQuery(tail: 3), of: "a").map(\.sequence) == [18, 19, 20])
        #expect(try lines(LogQuery(pattern: "line 1[0-2]"), of: "a").map(\.sequence) == [10, 11, 12])
        let time = try #require(Timestamp("2026-11-23T10:00:00.124Z"))
        #expect(try lines(LogQuery(since: time), of: "a").isEmpty)
        #expect(try lines(LogQuery(until: time), of: "a").count == 20)
        #expect(try lines(LogQuery(until: Timestamp(milliseconds: .max)), of: "a").count == 20)
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

/// Runs each job on a new thread: not on the pool that tests block.
private final class ThreadPerJob: TaskExecutor {
    static let shared = ThreadPerJob()

    private final class Body {
        let job: UnownedJob

        init(_ job: UnownedJob) { self.job = job }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        var thread = pthread_t()
        let body = Unmanaged.passRetained(Body(UnownedJob(job))).toOpaque()
        let status = pthread_create(
            &thread, nil,
            { argument in
                if let argument {
                    let body = Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                    body.job.runSynchronously(on: ThreadPerJob.shared.asUnownedTaskExecutor())
                }
                return nil
            }, body)
        #expect(status == 0)
        pthread_detach(thread)
    }
}
