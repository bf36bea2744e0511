import ControlClient
import ControlProtocol
import ControlServer
import Testing

@testable import CommandKit

struct FollowedStreamTests {
    @Test func aStreamThatTheDaemonEndsIsNotBegunAgain() async throws {
        let daemon = ScriptedDaemon(.db) { _, _ in }
        try await withServer(of: daemon) { client, server in
            var begun = 0
            let stream = FollowedStream<LogLine>(errors: Console(.standardError())) {
                () throws(ControlClientError) in
                begun += 1
                return try await client.logs(LogQuery(follow: true))
            }
            async let first: Void = writeWhenFollowed("first", daemon)
            var lines: [String] = []
            var ending: Task<Void, Never>?
            try await stream.forEach { record in
                if case .item(let line) = record { lines.append(line.text) }
                guard ending == nil else { return }
                ending = Task {
                    await daemon.write("last words", service: "db", at: .now())
                    await server.stop()
                }
            }
            try await first
            await ending?.value
            #expect(lines == ["first", "last words"])
            #expect(begun == 1)
        }
    }

    private func writeWhenFollowed(_ text: String, _ daemon: ScriptedDaemon) async throws {
        let follower: Void? = try await withDeadline(.seconds(60)) {
            for await _ in daemon.logFollowers { return }
        }
        try #require(follower != nil, "nobody follows the output")
        await daemon.write(text, service: "db", at: .now())
    }
}
