import Glibc
import Testing

@testable import LinuxRuntime

/// A runner of probes with what it needs, and real servers to probe.
final class ProbeHarness {
    let base: Harness
    let runner: ProbeRunner
    let directory: TemporaryDirectory
    private let containing: Containing
    private var made: (any ContainmentMaker)?
    private var serial = 0
    private var servers: [WatchedProcess] = []

    var loop: EventLoop { base.loop }

    init(_ containing: Containing = .processTree) throws {
        base = try Harness()
        runner = ProbeRunner(loop: base.loop, spawner: base.spawner, exits: base.exits)
        directory = try TemporaryDirectory()
        self.containing = containing
    }

    /// Made when it is needed first: to look at all processes takes its time.
    private func containments() throws -> any ContainmentMaker {
        if let made { return made }
        let stack = "probe-\(getpid())-\(UInt32.random(in: .min ... .max))"
        let maker = try containing.maker(stack: stack, loop: base.loop)
        made = maker
        return maker
    }

    deinit {
        for server in servers { try? server.signal(SIGKILL) }
        try? loop.poll(until: "the end of the servers") { servers.allSatisfy { $0.status != nil } }
        var isFinished = made == nil
        made?.finish { isFinished = true }
        try? loop.run(until: "the end of the containments") { isFinished }
    }

    /// Runs a probe to its end.
    func result(of check: ProbeCheck, sourceLocation: SourceLocation = #_sourceLocation) throws -> ProbeResult {
        var result: ProbeResult?
        let task = runner.start(check) { outcome in
            #expect(result == nil, "a probe reported twice", sourceLocation: sourceLocation)
            result = outcome
        }
        #expect(result == nil, "a probe reported before it began", sourceLocation: sourceLocation)
        try loop.run(until: "the probe's result", sourceLocation: sourceLocation) { result != nil }
        lastTask = task
        return try #require(result)
    }

    /// That of the last `result`.
    private(set) var lastTask: ProbeTask?

    func program(_ request: SpawnRequest) throws -> ProbeProgram {
        let maker = try containments()
        serial += 1
        let name = "probe-\(serial)"
        return ProbeProgram(request: request) { () throws(SystemError) in try maker.make(name) }
    }

    /// Waits until every process of every run is gone and its containment with it.
    func expectNothingLeft(sourceLocation: SourceLocation = #_sourceLocation) throws {
        guard let groups = try containments() as? ControlGroups else {
            let tree = try #require(try containments() as? ProcessTree)
            try loop.poll(until: "the end of all processes", sourceLocation: sourceLocation) {
                try tree.look().isEmpty
            }
            return
        }
        try loop.poll(until: "the end of all cgroups", sourceLocation: sourceLocation) {
            try groups.leftovers().isEmpty
        }
    }

    /// A Python interpreter that has a package of some version, from the colon-separated list of interpreters in
    /// STACKD_TEST_PYTHONS, or the one in PATH. Without one the test is skipped, visibly.
    func python(with package: String, version: String = "") throws -> String {
        let environment = Environment.ofTests
        let listed = (environment["STACKD_TEST_PYTHONS"] ?? "").split(separator: ":").map { String($0) }
        for python in listed + ["python3"] {
            let script = "import importlib.metadata as m; print(m.version('\(package)'))"
            // Isolated, or it looks for packages in the working directory, which may be one of very many files.
            let request = SpawnRequest(arguments: [python, "-I", "-c", script], environment: environment)
            let (status, text) = try base.output(of: request)
            if status == .exited(code: 0), text.hasPrefix(version) { return python }
        }
        try Test.cancel("no Python interpreter has \(package) \(version)")
    }

    /// Starts a Python program that prints its port first, and returns that.
    func startServer(
        python: String = "python3", _ script: String, _ arguments: String...,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> Server {
        serial += 1
        let file = try directory.write("server-\(serial).py", script)
        var request = SpawnRequest(arguments: [python, "-u", file] + arguments, environment: .ofTests)
        let pipe = try Pipe()
        let log = try Descriptor.open("\(file).log", flags: O_WRONLY | O_CREAT, mode: 0o600)
        request.standardOutput = pipe.writer.number
        request.standardError = log.number
        let process = try base.start(request)
        servers.append(process)
        var text: [UInt8] = []
        try loop.poll(until: "the server's port", sourceLocation: sourceLocation) {
            text += try available(pipe.reader)
            return text.contains(0x0A) || process.status != nil
        }
        let line = String(decoding: text.prefix { $0 != 0x0A }, as: UTF8.self)
        guard let port = UInt16(line) else {
            Issue.record("no port, but \(line): \(try contents("\(file).log"))", sourceLocation: sourceLocation)
            throw NoServer()
        }
        return Server(port: port, pid: process.pid)
    }

    struct Server {
        var port: UInt16
        var pid: Int32
    }

    struct NoServer: Error {}

    /// The descriptors of this process.
    static func openDescriptors() throws -> Int {
        try ProcFile.names(in: try Descriptor.open("/proc/self/fd", flags: O_RDONLY | O_DIRECTORY)).count
    }
}

/// A port of 127.0.0.1, taken by a socket that listens or does not.
final class LocalPort {
    let number: UInt16
    private let socket: Descriptor

    init(listening: Bool) throws {
        socket = try Descriptor.socket(AF_INET, SOCK_STREAM)
        try #require(SocketAddress(ipv4: INADDR_LOOPBACK, port: 0).bind(socket.number) == 0)
        if listening { try #require(listen(socket.number, 16) == 0) }
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { [number = socket.number] pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(number, $0, &length) }
        }
        try #require(status == 0)
        number = UInt16(bigEndian: address.sin_port)
    }
}

extension Environment {
    /// What the tests themselves were started with, for programs that need a PATH and a home.
    static var ofTests: Environment {
        var environment = Environment()
        let text = (try? contents("/proc/self/environ")) ?? ""
        for entry in text.split(separator: "\0") {
            let pair = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if pair.count == 2 { environment[String(pair[0])] = String(pair[1]) }
        }
        return environment
    }
}
