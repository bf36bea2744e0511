import Glibc
import LinuxRuntime
import Testing

@testable import DaemonKit

/// An HAProxy that a test runs as stackd would, with sockets at ports of the kernel's choice.
final class RunningHAProxy {
    static let program = SpawnRequest.findHAProxy(path: nil)
    static var isInstalled: Bool { program != nil }

    let pid: pid_t
    /// Of the frontends, in their order.
    let ports: [UInt16]
    private let output: FILE
    private var isReaped = false

    typealias FILE = UnsafeMutablePointer<Glibc.FILE>

    init(
        _ configuration: RouterConfiguration, file: String, directory: String, instance: UInt64,
        sockets: TestSockets? = nil, arguments: [String] = ["-db"]
    ) throws {
        let sockets = try sockets ?? TestSockets(count: configuration.frontends.count)
        ports = sockets.ports
        output = try #require(tmpfile())
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, fileno(output), 1)
        posix_spawn_file_actions_adddup2(&actions, fileno(output), 2)
        var environment = ["STACKD_INSTANCE=\(instance)"]
        for (position, descriptor) in sockets.descriptors.enumerated() {
            // A number that is far from all that the test process has, and without CLOEXEC.
            let target = Int32(500 + position)
            posix_spawn_file_actions_adddup2(&actions, descriptor, target)
            environment.append("\(RouterService.variable(position))=\(target)")
        }
        // posix_spawn knows no working directory.
        let program = try #require(Self.program)
        let words = ["sh", "-c", "cd \"$0\" && exec \"$@\"", directory, program] + arguments + ["-f", file]
        var pid: pid_t = 0
        let status = Self.withStrings(words) { words in
            Self.withStrings(environment) { posix_spawn(&pid, "/bin/sh", &actions, nil, words, $0) }
        }
        try #require(status == 0)
        self.pid = pid
    }

    deinit {
        if !isReaped {
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
        }
        fclose(output)
    }

    /// Whether it has ended; with its exit status then.
    func status() -> Int32? {
        var status: Int32 = 0
        guard !isReaped, waitpid(pid, &status, WNOHANG) == pid else { return nil }
        isReaped = true
        return status
    }

    func waitForEnd() throws -> (Int32, String) {
        var status: Int32 = 0
        try #require(waitpid(pid, &status, 0) == pid)
        isReaped = true
        return (status, text)
    }

    /// What it has written.
    var text: String {
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        let count = pread(fileno(output), &buffer, buffer.count, 0)
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }

    private static func withStrings<Result>(
        _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let pointers = strings.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        return body(pointers)
    }
}

/// Sockets that listen at 127.0.0.1.
final class TestSockets {
    private(set) var descriptors: [Int32] = []
    private(set) var ports: [UInt16] = []

    init(count: Int) throws {
        for _ in 0..<count {
            let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            try #require(number >= 0)
            descriptors.append(number)
            var address = Self.address(port: 0)
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let port: UInt16? =
                withUnsafeMutablePointer(to: &address) { pointer in
                    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                        bind(number, raw, length) == 0 && listen(number, 128) == 0
                            && getsockname(number, raw, &length) == 0
                    }
                } ? UInt16(bigEndian: address.sin_port) : nil
            ports.append(try #require(port))
        }
    }

    deinit {
        for descriptor in descriptors { close(descriptor) }
    }

    /// A connection to a port, which is the caller's to close.
    static func connect(to port: UInt16) throws -> Int32 {
        let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = address(port: port)
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(status == 0)
        return number
    }

    private static func address(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }
}
