import Glibc
import Testing

@testable import LinuxRuntime

@Suite struct HAProxyCallsTests {
    private let loop: EventLoop
    private let directory: TemporaryDirectory
    private let heard = Heard()

    private final class Heard {
        var calls: [(call: HAProxyCalls.Call, line: String)] = []
        var ended: [HAProxyCalls.Call] = []
    }

    init() throws {
        loop = try EventLoop()
        directory = try TemporaryDirectory()
    }

    private var path: String { "\(directory.path)/calls" }

    private func listen() throws -> HAProxyCalls {
        try HAProxyCalls(
            path: path, user: nil, loop: loop, onCall: { [heard] in heard.calls.append(($0, $1)) },
            onEnd: { [heard] in heard.ended.append($0) })
    }

    private func connect() throws -> Descriptor {
        let client = try Descriptor.socket(AF_UNIX, SOCK_STREAM)
        try checkLibc(SocketAddress(unix: path).connect(client.number), "connect")
        return client
    }

    private func say(_ text: String, on client: borrowing Descriptor) {
        #expect(write(client.number, text, text.utf8.count) == text.utf8.count)
    }

    private func turn(until condition: () -> Bool) throws {
        var isLate = false
        let timer = loop.schedule(after: .seconds(30)) { isLate = true }
        defer { loop.cancel(timer) }
        while !condition() {
            try loop.turn(waiting: true)
            try #require(!isLate)
        }
    }

    @Test func aCallIsHeardOnceAndStaysUntilItIsHungUp() throws {
        let calls = try listen()
        let client = try connect()
        say("12 web", on: client)
        say(":http\nmore", on: client)
        try turn { heard.calls.count == 1 }
        #expect(heard.calls[0].line == "12 web:http")
        var byte: UInt8 = 0
        #expect(recv(client.number, &byte, 1, Int32(MSG_DONTWAIT)) == -1)
        calls.hangUp(heard.calls[0].call)
        #expect(recv(client.number, &byte, 1, 0) == 0)
        calls.hangUp(heard.calls[0].call)
        #expect(heard.calls.count == 1 && heard.ended.isEmpty)
    }

    @Test func whoHangsUpHimselfHasEnded() throws {
        let calls = try listen()
        let client = try connect()
        say("a\n", on: client)
        try turn { heard.calls.count == 1 }
        client.close()
        try turn { heard.ended == heard.calls.map(\.call) }
        withExtendedLifetime(calls) {}
    }

    @Test func aLineWithoutEndIsNoCall() throws {
        let calls = try listen()
        let client = try connect()
        say(String(repeating: "x", count: 300), on: client)
        try turn { heard.ended.count == 1 }
        var byte: UInt8 = 0
        #expect(recv(client.number, &byte, 1, 0) <= 0)
        #expect(heard.calls.isEmpty)
        withExtendedLifetime(calls) {}
    }

    @Test func nobodyElseMayCall() throws {
        let calls = try listen()
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
        #expect(status.st_uid == geteuid())
        withExtendedLifetime(calls) {}
    }

    @Test func nothingIsLeftOfIt() throws {
        var calls: HAProxyCalls? = try listen()
        let client = try connect()
        say("a\n", on: client)
        try turn { heard.calls.count == 1 }
        #expect(calls != nil)
        calls = nil
        var byte: UInt8 = 0
        #expect(recv(client.number, &byte, 1, 0) == 0)
        #expect(access(path, F_OK) != 0)
        // Another may take its place.
        withExtendedLifetime(try listen()) {}
    }
}
