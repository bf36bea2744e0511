@testable import ControlClient
import ControlProtocol
import Glibc
import NIOCore
import NIOPosix
import Testing

/// What the client makes of daemons that are not there, not well, or no daemons. How it does with a real server is in
/// that one's tests.
@Suite struct ControlClientTests {
    /// Runs the body with a socket that gives each connection the same answer, whatever it asks, and then closes it or
    /// keeps it open.
    private func withDaemon(
        saying answer: String, thenClosing closes: Bool = true, _ body: (ControlClient) async throws -> Void
    ) async throws {
        let path = "/tmp/control-client-test-\(getpid())-\(UInt64.random(in: 0...UInt64.max)).sock"
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Parrot(answer: answer, closes: closes))
                }
            }
            .bind(unixDomainSocketPath: path).get()
        defer { unlink(path) }
        let timeout: Duration = closes ? .seconds(20) : .milliseconds(100)
        do {
            try await body(ControlClient(socketPath: path, timeout: timeout))
        } catch {
            try await server.close()
            throw error
        }
        try await server.close()
    }

    private func error(of body: () async throws(ControlClientError) -> some Any) async -> ControlClientError? {
        do throws(ControlClientError) {
            _ = try await body()
            return nil
        } catch {
            return error
        }
    }

    @Test func noDaemon() async throws {
        let client = ControlClient(socketPath: "/tmp/no-such-directory/control.sock")
        #expect(await error(of: client.stack) == .noDaemon(client.socketPath))
        let stream = await error { () async throws(ControlClientError) in try await client.events() }
        #expect(stream == .noDaemon(client.socketPath))
        #expect("\(ControlClientError.noDaemon("/x"))" == "no daemon listens on /x")
    }

    @Test func aPathThatCannotBeASocket() async throws {
        for path in ["/dev/null", "/tmp/\(String(repeating: "x", count: 200))"] {
            let error = await error(of: ControlClient(socketPath: path).stack)
            switch error {
            case .unreachable(path, _)?, .noDaemon(path)?: break
            default: Issue.record("\(error as Any)")
            }
        }
    }

    @Test func anAnswerThatDoesNotComeInTime() async throws {
        try await withDaemon(saying: "", thenClosing: false) { client in
            #expect(await error(of: client.stack) == .timedOut)
            #expect(await error { () async throws(ControlClientError) in try await client.events() } == .timedOut)
        }
        try await withDaemon(saying: "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", thenClosing: false) { client in
            #expect(await error(of: client.stack) == .timedOut)
        }
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"])
    func aConnectionThatEndsTooEarly(answer: String) async throws {
        try await withDaemon(saying: answer) { client in
            let error = await error(of: client.stack)
            guard case .disconnected? = error else { throw Unexpected(error: error) }
        }
    }

    @Test(arguments: [
        "garbage\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnope", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{]}",
    ])
    func whatIsNoDaemon(answer: String) async throws {
        try await withDaemon(saying: answer) { client in
            let error = await error(of: client.stack)
            guard case .unexpectedAnswer? = error else { throw Unexpected(error: error) }
        }
    }

    @Test func aStreamThatBreaksOff() async throws {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        let gap = #"data: {"gap":{"code":"client_too_slow","lost":1,"unit":"events"}}"# + "\n\n"
        try await withDaemon(saying: head + "\(String(gap.utf8.count, radix: 16))\r\n\(gap)\r\n") { client in
            var events = try await client.events().makeAsyncIterator()
            #expect(try await events.next() == .gap(StreamGap(lost: 1, unit: .events, code: .clientTooSlow)))
            do throws(ControlClientError) {
                _ = try await events.next(isolation: nil)
                Issue.record("the stream goes on")
            } catch {
                guard case .disconnected = error else { throw Unexpected(error: error) }
            }
        }
    }

    @Test func cancellingEndsARequestAndAStream() async throws {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        try await withDaemon(saying: head, thenClosing: false) { client in
            let patient = ControlClient(socketPath: client.socketPath, timeout: .seconds(600))
            let request = Task { await error(of: patient.stack) }
            request.cancel()
            #expect(await request.value == .disconnected)
            let events = try await patient.events()
            let reader = Task { () async throws -> Int in
                var count = 0
                for try await _ in events { count += 1 }
                return count
            }
            reader.cancel()
            #expect(try await reader.value == 0)
        }
    }
}

private struct Unexpected: Error {
    var error: ControlClientError?
}

/// Says its text to whatever comes.
private final class Parrot: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let answer: String
    private let closes: Bool

    init(answer: String, closes: Bool) {
        self.answer = answer
        self.closes = closes
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
        if closes { context.close(promise: nil) }
    }
}
