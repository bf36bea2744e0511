import ControlClient
@testable import ControlServer
import Glibc
import StackModel
import Testing

struct TestFailure: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) {
        self.description = description
    }
}

/// Runs the body with an empty directory that is gone afterwards.
func withTemporaryDirectory<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    var template = Array("/tmp/control-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
        throw TestFailure("mkdtemp: errno \(errno)")
    }
    let directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer {
        for name in ["control.sock", "control.sock.lock"] { unlink("\(directory)/run/\(name)") }
        rmdir("\(directory)/run")
        rmdir(directory)
    }
    return try await body(directory)
}

/// Runs the body with a server and the path of its socket.
func withServer<Result>(
    _ controller: FakeController = FakeController(), control: ControlSpec = ControlSpec(), limits: Limits = Limits(),
    owners: Set<UInt32>? = nil, audit: (any AuditLog)? = nil,
    _ body: (String, ControlServer) async throws -> Result
) async throws -> Result {
    try await withTemporaryDirectory { directory in
        let path = "\(directory)/run/control.sock"
        let server = try await ControlServer.start(
            on: try ControlSocket(path: path), for: controller, control: control, limits: limits,
            owners: owners, audit: audit)
        do {
            let result = try await body(path, server)
            await server.stop()
            return result
        } catch {
            await server.stop()
            throw error
        }
    }
}

/// Asks again and again until the condition holds, two minutes at the most.
func eventually(_ what: String, _ condition: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(120)
    while !(try await condition()) {
        guard ContinuousClock.now < deadline else { throw TestFailure("not within 120 s: \(what)") }
        await Task.yield()
    }
}

/// Source: Vigna, "splitmix64.c".
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// A client that says exactly what it is told to; its reads give up after 20 s.
final class RawConnection {
    private let descriptor: Int32

    init(_ path: String) throws {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        descriptor = try Self.connect(AF_UNIX, to: &address)
    }

    /// To the port of 127.0.0.1.
    init(port: Int) throws {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        descriptor = try Self.connect(AF_INET, to: &address)
    }

    private static func connect(_ family: Int32, to address: inout some BitwiseCopyable) throws -> Int32 {
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var timeout = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        let result = withUnsafeBytes(of: &address) { bytes in
            Glibc.connect(
                descriptor, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
        }
        guard result == 0 else {
            close(descriptor)
            throw TestFailure("connect: errno \(errno)")
        }
        return descriptor
    }

    deinit {
        close(descriptor)
    }

    /// False where the other side takes no more.
    @discardableResult
    func send(_ bytes: some Collection<UInt8>) -> Bool {
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { bytes in
                Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    @discardableResult
    func send(_ text: String) -> Bool {
        send(text.utf8)
    }

    /// Gives up on reads and writes after that many milliseconds, not seconds.
    func setPatience(milliseconds: Int) {
        var timeout = timeval(tv_sec: milliseconds / 1_000, tv_usec: milliseconds % 1_000 * 1_000)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    }

    func endSending() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    /// What comes next; empty at the end.
    func receive() throws -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let count = read(descriptor, &buffer, buffer.count)
        if count < 0, errno == EAGAIN { throw TestFailure("nothing came within 20 s") }
        return count > 0 ? Array(buffer[..<count]) : []
    }

    func receiveAll() throws -> String {
        var all: [UInt8] = []
        while true {
            let bytes = try receive()
            guard !bytes.isEmpty else { return String(decoding: all, as: UTF8.self) }
            all += bytes
        }
    }

    /// Reads on until the text has come.
    func receive(until text: String) throws -> String {
        var all = ""
        while !all.contains(text) {
            let bytes = try receive()
            guard !bytes.isEmpty else { throw TestFailure("the connection ended; before that came: \(all)") }
            all += String(decoding: bytes, as: UTF8.self)
        }
        return all
    }
}

/// The whole answer to one request of a client that ends its side at once.
func exchange(
    _ path: String, _ method: String, _ target: String, headers: [String] = [], body: String = ""
) throws -> String {
    try exchange(over: try RawConnection(path), method, target, headers: ["Host: stackd"] + headers, body: body)
}

/// The same over a connection that was made for it; the headers have a Host.
func exchange(
    over connection: RawConnection, _ method: String, _ target: String, headers: [String], body: String = ""
) throws -> String {
    let lines =
        ["\(method) \(target) HTTP/1.1", "Connection: close"] + headers
        + (body.isEmpty ? [] : ["Content-Length: \(body.utf8.count)"])
    connection.send(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
    connection.endSending()
    return try connection.receiveAll()
}

extension Route {
    /// A path of it, whose service there is.
    var target: String {
        path.map { segment in
            switch segment {
            case .literal(let text): "/\(text)"
            case .parameter(let name): name == "name" ? "/db" : "/0"
            }
        }.joined()
    }
}

extension String {
    /// The status of an HTTP answer.
    var status: Int? { split(separator: " ").dropFirst().first.flatMap { Int($0) } }
}

extension String {
    /// The parts that begin with the separator, without it.
    func components(of separator: String) -> [String] {
        var parts: [String] = []
        var rest = self[...]
        while let range = rest.firstRange(of: separator) {
            rest = rest[range.upperBound...]
            let end = rest.firstRange(of: separator)?.lowerBound ?? rest.endIndex
            parts.append(String(rest[..<end]))
        }
        return parts
    }
}
