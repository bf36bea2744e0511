import Glibc
import Synchronization
import Testing

@testable import LinuxRuntime

/// A log system on a loop that the test turns, and pipes to write into.
final class LogHarness {
    let loop: EventLoop
    let directory: TemporaryDirectory
    let path: String
    private(set) var system: LogSystem
    private(set) var troubles: [LogTrouble] = []

    init(path: String? = nil) throws {
        loop = try EventLoop()
        directory = try TemporaryDirectory()
        self.path = path ?? directory.path
        system = try LogSystem(loop: loop, directory: self.path, stack: "shop")
        listen()
    }

    private func listen() {
        system.onTrouble = { [unowned self] _, trouble in troubles.append(trouble) }
    }

    /// As a new daemon does, when all of the old one is written.
    func restart() throws {
        try finish()
        system = try LogSystem(loop: loop, directory: path, stack: "shop")
        listen()
    }

    func finish() throws {
        var isFinished = false
        system.finish(within: .seconds(30)) { isFinished = true }
        try loop.run(until: "all is written") { isFinished }
    }

    func attach(_ service: String = "web", replica: Int = 0, _ policy: LogPolicy = LogPolicy()) throws -> Instance {
        let output = try system.attach(LogOwner(service: service, replica: replica), policy)
        let writer = output.withWriters { out, _ in fcntl(out, F_DUPFD_CLOEXEC, 0) }
        return Instance(output, writer: Descriptor(owning: writer))
    }

    /// Has an instance write a text, and end.
    func log(_ text: String, _ service: String = "web", replica: Int = 0, _ policy: LogPolicy = LogPolicy()) throws {
        let instance = try attach(service, replica: replica, policy)
        // So that a text of any length finds somebody who reads it.
        try loop.turn(waiting: true)
        try instance.put(text)
        instance.output.finish()
    }

    /// Waits, while the loop turns, for what comes from other threads.
    func wait<Value: Sendable>(
        for what: Comment, _ body: @escaping @Sendable () async -> Value
    ) throws -> Value {
        let result = Box<Value>()
        // Not on the pool that other tests block.
        Task(executorPreference: ThreadPerJob.shared) {
            let value = await body()
            result.value.withLock { $0 = value }
        }
        try loop.poll(until: what) { result.value.withLock { $0 != nil } }
        return try #require(result.value.withLock { $0 })
    }

    private final class ThreadPerJob: TaskExecutor {
        static let shared = ThreadPerJob()

        func enqueue(_ job: consuming ExecutorJob) {
            let job = UnownedJob(job)
            let executor = asUnownedTaskExecutor()
            onThread { job.runSynchronously(on: executor) }
        }
    }

    private final class Box<Value: Sendable>: Sendable {
        let value = Mutex<Value?>(nil)
    }

    func request(_ services: String..., change: (inout LogRequest) -> Void = { _ in }) -> LogRequest {
        var request = LogRequest(services: services.isEmpty ? ["web"] : Set(services), followed: Set(services))
        change(&request)
        return request
    }

    /// Everything that is kept.
    func items(_ request: LogRequest) throws -> [LogItem] {
        let reading = system.read(request)
        return try wait(for: "the answer") {
            await reading.begin()
            var items: [LogItem] = []
            while let page = await reading.next() { items += page }
            return items
        }
    }

    func records(_ request: LogRequest) throws -> [LogRecord] {
        try items(request).compactMap { item in
            if case .record(let record) = item { record } else { nil }
        }
    }

    func texts(_ request: LogRequest? = nil) throws -> [String] { try records(request ?? self.request()).map(\.text) }

    var fileNames: [String] {
        get throws { try ProcFile.names(in: try Descriptor.open(path, flags: O_RDONLY | O_DIRECTORY)).sorted() }
    }
}

/// One instance that writes to its standard output.
final class Instance {
    let output: InstanceOutput
    private var writer: Descriptor?

    init(_ output: InstanceOutput, writer: consuming Descriptor) {
        self.output = output
        self.writer = consume writer
    }

    func put(_ text: String) throws { try write(text, to: writer?.number ?? -1) }

    func close() { writer = nil }

    /// For another thread, which closes it.
    func takeWriter() -> Int32 { writer.take()?.release() ?? -1 }
}

/// Writes all of a text, waiting where that must be.
func write(_ text: String, to descriptor: Int32) throws {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 else { throw SystemError.last("write") }
        rest = rest.dropFirst(count)
    }
}
