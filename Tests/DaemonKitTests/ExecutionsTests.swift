import ControlProtocol
import ControlServer
import Glibc
import LinuxRuntime
import StackModel
import Synchronization
import Testing

@testable import DaemonKit

/// What the loop does for commands and their clients. A client reads on the loop's own thread, so that each test says
/// when.
@Suite(.serialized) struct ExecutionsTests {
    private let bench: Bench

    init() throws {
        bench = try Bench()
        let executor = TurnExecutor(bench.loop)
        nonisolated(unsafe) let executions = bench.interpreter.executions
        executions.onClientChange = { id in executor.schedule { executions.clientChanged(id) } }
    }

    private func spec(_ script: String) -> ServiceSpec {
        ServiceSpec(
            name: name("job"), process: ProcessSpec(command: ["/bin/sh", "-c", Template(script)]),
            stop: StopSpec(gracePeriod: .milliseconds(100)))
    }

    private func run(_ script: String, input: Bool = false) throws -> Client {
        let subscription = try bench.interpreter.run(ExecutionRequest(command: [], input: input), of: spec(script))
        return try Client(subscription, bench)
    }

    @Test func aClientIsToldWhatBecomesOfItsCommand() throws {
        let client = try run("echo out; echo err >&2; exit 3")
        client.read()
        try bench.run { client.isFinished }
        #expect(client.output == Array("out\n".utf8))
        #expect(client.errors == Array("err\n".utf8))
        #expect(client.exit?.code == 3)
        #expect(throws: ControlProblem.self) { try bench.interpreter.executions[client.id] }
    }

    @Test func aClientThatReadsNothingHoldsItsCommand() throws {
        let client = try run("head -c 100000000 /dev/zero")
        try bench.run { client.feed.isCrowded }
        // The rest is in the pipe and the program.
        for _ in 0..<100 { try bench.loop.turn(waiting: false) }
        #expect(client.exit == nil)
        client.read()
        try bench.run { client.isFinished }
        #expect(client.output.count == 100_000_000)
        #expect(client.gaps == 0)
        #expect(client.exit?.code == 0)
    }

    @Test func aClientThatGoesEndsItsCommand() throws {
        let client = try run("sleep 300 & sleep 300")
        client.feed.finish()
        try bench.run { !bench.isKnown(client.id) }
    }

    @Test func aClientThatHasGoneHoldsNothingUp() throws {
        // It writes more than anybody has room for, on its way to its end.
        let script = "trap 'head -c 5000000 /dev/zero; exit' HUP; echo on; while :; do sleep 0.01; done"
        let client = try run(script)
        client.read()
        try bench.run { !client.output.isEmpty }
        client.feed.finish()
        try bench.run { !bench.isKnown(client.id) }
    }

    @Test func inputWaitsForRoomOnceAtATime() throws {
        let client = try run("while [ ! -e \(bench.directory)/go ]; do sleep 0.01; done; cat", input: true)
        client.read()
        let execution = try bench.interpreter.executions[client.id]
        let piece = [UInt8](repeating: 7, count: 64 << 10)
        var sent = 0
        while try execution.control(.input(piece, isLast: false)) { sent += piece.count }
        var hasRoom = false
        try execution.whenRoom { hasRoom = true }
        #expect(throws: ControlProblem.self) { try execution.whenRoom {} }
        #expect(!hasRoom)
        #expect(mkdir("\(bench.directory)/go", 0o700) == 0)
        try bench.run { hasRoom }
        #expect(try execution.control(.input([], isLast: true)))
        try bench.run { client.isFinished }
        #expect(client.output.count == sent)
    }

    @Test func onlyOneOffInstancesAreEnded() throws {
        let polite = try run("exec sleep 300")
        let stubborn = try run("trap '' TERM; echo on; while :; do sleep 0.01; done")
        stubborn.read()
        try bench.run { !stubborn.output.isEmpty }
        var hasEnded = false
        bench.interpreter.executions.end(immediately: false) { hasEnded = true }
        try bench.run { hasEnded }
        // That a client has not taken what there is for it holds no shutdown up.
        polite.read()
        try bench.run { polite.isFinished && stubborn.isFinished }
        #expect(polite.exit?.signal == "SIGTERM")
        #expect(stubborn.exit?.signal == "SIGKILL")
    }

    @Test func theirNumberIsBounded() throws {
        let clients = try (0..<Executions.limit).map { _ in try run("sleep 300") }
        #expect { try run("true") } throws: { ($0 as? ControlProblem)?.code == .tooManyExecutions }
        var hasEnded = false
        bench.interpreter.executions.end(immediately: true) { hasEnded = true }
        try bench.run { hasEnded }
        _ = clients
    }

    @Test func whatCannotBeStartedLeavesNothing() throws {
        let request = ExecutionRequest(command: ["/no/such/program"])
        #expect { try bench.interpreter.run(request, of: spec("true")) } throws: { error in
            (error as? ControlProblem)?.code == .cannotExecute
        }
        var hasEnded = false
        bench.interpreter.executions.end(immediately: false) { hasEnded = true }
        #expect(hasEnded)
    }
}

/// Runs tasks in the loop's turns.
private final class TurnExecutor: TaskExecutor {
    private let loop: EventLoop

    init(_ loop: EventLoop) {
        self.loop = loop
    }

    func schedule(_ body: @escaping () -> Void) {
        loop.schedule(after: .zero, body)
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        schedule { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

/// Who has asked for a command, and reads what it is told when `read` says so.
private final class Client: Sendable {
    private struct Read {
        var output: [UInt8] = []
        var errors: [UInt8] = []
        var exit: ExitDocument?
        var gaps = 0
        var isFinished = false
    }

    let id: UInt64
    let feed: Feed<ExecutionRecord>
    private let executor: TurnExecutor
    private let taken = Mutex(Read())

    init(_ subscription: Subscription<ExecutionRecord>, _ bench: Bench) throws {
        guard case .item(.started(let id, _))? = subscription.backlog.first,
            let feed = subscription.feed as? Feed<ExecutionRecord>
        else { throw Unexpected() }
        self.id = id
        self.feed = feed
        executor = TurnExecutor(bench.loop)
    }

    struct Unexpected: Error {}

    var output: [UInt8] { taken.withLock { $0.output } }
    var errors: [UInt8] { taken.withLock { $0.errors } }
    var exit: ExitDocument? { taken.withLock { $0.exit } }
    var gaps: Int { taken.withLock { $0.gaps } }
    var isFinished: Bool { taken.withLock { $0.isFinished } }

    func read() {
        Task(executorPreference: executor) { [self] in
            while let records = await feed.next() {
                for record in records { take(record) }
            }
            taken.withLock { $0.isFinished = true }
        }
    }

    private func take(_ record: StreamRecord<ExecutionRecord>) {
        taken.withLock { read in
            switch record {
            case .item(.started): break
            case .item(.output(.stderr, let bytes)): read.errors += bytes
            case .item(.output(_, let bytes)): read.output += bytes
            case .item(.exited(let exit)): read.exit = exit
            case .gap: read.gaps += 1
            }
        }
    }
}
