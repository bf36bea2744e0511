import CLinux
import Glibc
import Testing

@testable import LinuxRuntime

/// Everything that starts processes is nested in here: reaping orphans takes any child of the test process, so two such
/// tests may not run at once.
@Suite(.serialized) struct RealProcesses {}

/// A directory that is removed with everything in it.
final class TemporaryDirectory {
    let path: String

    init() throws {
        var template = Array("/tmp/stackd-test-XXXXXX".utf8CString)
        let made: String? = template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
        }
        path = try #require(made)
    }

    deinit {
        TemporaryDirectory.removeAll(path)
    }

    private static func removeAll(_ path: String) {
        if unlink(path) == 0 { return }
        if let directory = try? Descriptor.open(path, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW) {
            for name in (try? ProcFile.names(in: directory)) ?? [] { removeAll("\(path)/\(name)") }
        }
        rmdir(path)
    }

    @discardableResult
    func write(_ name: String, _ content: String, mode: UInt32 = 0o644) throws -> String {
        let file = "\(path)/\(name)"
        let descriptor = try Descriptor.open(file, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: mode)
        let count = Array(content.utf8).withUnsafeBytes { Glibc.write(descriptor.number, $0.baseAddress, $0.count) }
        #expect(count == content.utf8.count)
        chmod(file, mode)
        return file
    }
}

func contents(_ path: String) throws -> String { try ProcFile.text(path) }

extension EventLoop {
    /// Turns until a condition holds; fails the test when it does not within `limit`.
    func run(
        until what: Comment, limit: Duration = .seconds(30), sourceLocation: SourceLocation = #_sourceLocation,
        _ condition: () throws -> Bool
    ) throws {
        var isLate = false
        let timer = schedule(after: limit) { isLate = true }
        defer { cancel(timer) }
        while try !condition() {
            try turn(waiting: true)
            if isLate {
                Issue.record("not within \(limit): \(what)", sourceLocation: sourceLocation)
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

    struct Late: Error {}
}

/// A loop with what a daemon has around it: SIGCHLD, orphans, a spawner.
final class Harness {
    let loop: EventLoop
    let spawner: Spawner
    let exits: Exits
    private var signals: Signals?

    init() throws {
        try Signals.block([SIGCHLD])
        loop = try EventLoop()
        spawner = try Spawner()
        exits = Exits(loop: loop)
        signals = try Signals([SIGCHLD], on: loop) { [exits] _ in exits.reapOrphans() }
    }

    /// Runs a program to its end and returns what it wrote.
    func output(of request: SpawnRequest) throws -> (status: ProcessExit, text: String) {
        var request = request
        let pipe = try Pipe()
        request.standardOutput = pipe.writer.number
        if request.standardError == nil { request.standardError = pipe.writer.number }
        let spawned = try spawner.spawn(request)
        var status: ProcessExit?
        let process = try exits.watch(spawned) { status = $0 }
        // One that is too slow for the test goes on for nobody.
        defer { if process.status == nil { try? process.signal(SIGKILL) } }
        var text: [UInt8] = []
        // The pipe is read while it runs, so that a long output does not stop it.
        let registration = try loop.register(pipe.reader.number, for: .readable) { _ in
            text += (try? available(pipe.reader)) ?? []
        }
        defer { loop.deregister(registration) }
        try loop.run(until: "the end of \(request.arguments)") { status != nil }
        text += try available(pipe.reader)
        #expect(process.status == status)
        return (try #require(status), String(decoding: text, as: UTF8.self))
    }

    /// Starts a program and watches it.
    func start(_ request: SpawnRequest, onExit: @escaping (ProcessExit) -> Void = { _ in }) throws -> WatchedProcess {
        try exits.watch(try spawner.spawn(request), onExit: onExit)
    }
}

/// What a non-blocking descriptor has at this moment.
func available(_ descriptor: borrowing Descriptor) throws -> [UInt8] {
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
        let count = try buffer.withUnsafeMutableBytes { try descriptor.read(into: $0) }
        guard let count, count > 0 else { return all }
        all += buffer[..<count]
    }
}

func shell(_ script: String, environment: Environment = ["PATH": SpawnRequest.defaultPath]) -> SpawnRequest {
    SpawnRequest(arguments: ["/bin/sh", "-c", script], environment: environment)
}

var isRoot: Bool { geteuid() == 0 }

private final class ThreadBody {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

/// Runs a closure on a thread of its own, and returns the thread.
@discardableResult
func onThread(_ body: @escaping @Sendable () -> Void) -> pthread_t {
    var thread = pthread_t()
    let argument = Unmanaged.passRetained(ThreadBody(body)).toOpaque()
    let status = pthread_create(
        &thread, nil,
        { argument in
            if let argument { Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run() }
            return nil
        }, argument)
    #expect(status == 0)
    return thread
}
