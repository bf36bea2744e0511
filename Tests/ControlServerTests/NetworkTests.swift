import ControlProtocol
@testable import ControlServer
import Glibc
import HTTPTypes
import StackModel
import Testing

/// The loopback listener: tokens, and what browsers may not do.
@Suite struct NetworkTests {
    private static let secret = "0123456789abcdef-read"

    /// A server with a token of the role, and the port that it listens on.
    private func withListener(
        role: ControlRole = .admin, _ controller: FakeController = FakeController(), limits: Limits = Limits(),
        audit: (any AuditLog)? = nil, _ body: (Int, ControlServer) async throws -> Void
    ) async throws {
        try await withFile(Self.secret + "\n") { file in
            let control = ControlSpec(
                listener: .init(host: "127.0.0.1", port: 0), tokens: [.init(name: "grafana", role: role, file: file)])
            try await withServer(controller, control: control, limits: limits, audit: audit) { _, server in
                try await body(try #require(server.networkPort), server)
            }
        }
    }

    private func withFile<Result>(
        _ text: String, mode: mode_t = 0o600, _ body: (String) async throws -> Result
    ) async throws -> Result {
        var template = Array("/tmp/control-token-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { unlink(path) }
        guard write(descriptor, text, text.utf8.count) == text.utf8.count, fchmod(descriptor, mode) == 0 else {
            throw TestFailure("cannot write \(path)")
        }
        close(descriptor)
        return try await body(path)
    }

    private func ask(
        _ port: Int, _ method: String = "GET", _ target: String = "/v1/stack", token: String? = secret,
        host: String? = nil, headers: [String] = []
    ) throws -> String {
        let authorization = token.map { ["Authorization: Bearer \($0)"] } ?? []
        return try exchange(
            over: try RawConnection(port: port), method, target,
            headers: ["Host: \(host ?? "127.0.0.1:\(port)")"] + authorization + headers)
    }

    @Test func itIsOffByDefault() async throws {
        try await withServer { _, server in
            #expect(server.networkPort == nil)
        }
    }

    @Test func everyRouteTakesAToken() async throws {
        let controller = FakeController()
        try await withListener(controller) { port, _ async throws in
            for route in RouteTable.all.routes {
                for token in [nil, "", "wrong", Self.secret + "x", String(Self.secret.dropLast())] {
                    let answer = try ask(port, route.method.rawValue, route.target, token: token)
                    #expect(answer.status == 401)
                    #expect(answer.lowercased().contains("www-authenticate: bearer"))
                    #expect(answer.contains("\"code\":\"unauthorized\""))
                }
            }
            #expect(try ask(port, token: nil, headers: ["Authorization: Basic \(Self.secret)"]).status == 401)
        }
        #expect(await controller.commands.isEmpty)
    }

    @Test func aTokenHasItsRole() async throws {
        try await withListener(role: .operate) { port, _ async throws in
            #expect(try ask(port).status == 200)
            #expect(try ask(port, "POST", "/v1/stop").status == 202)
            let answer = try ask(port, "POST", "/v1/shutdown")
            #expect(answer.status == 403)
            #expect(answer.contains("the token grafana has the role operate, and this takes admin"))
        }
    }

    @Test func aWebPageCannotReachIt() async throws {
        try await withListener { port, _ async throws in
            for name in ["evil.example", "evil.example:\(port)", "127.0.0.1.evil.example", "localhost.", "[::2]", ""] {
                #expect(try ask(port, host: name).status == 421, "\(name)")
            }
            for name in ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:80", "127.1.2.3"] {
                #expect(try ask(port, host: name).status == 200, "\(name)")
            }
            let page = "http://127.0.0.1:\(port)"
            #expect(try ask(port, headers: ["Origin: \(page)"]).status == 200)
            for origin in ["http://evil.example", "null", "https://127.0.0.1:\(port)", "http://127.0.0.1"] {
                #expect(try ask(port, headers: ["Origin: \(origin)"]).status == 403, "\(origin)")
            }
        }
    }

    @Test func itListensWhereTheFileSays() async throws {
        try await withListener { port, server async throws in
            await server.update(ControlSpec(listener: .init(host: "127.0.0.1", port: 0)))
            #expect(server.networkPort == port, "the listener is the same, and stays")
            #expect(try ask(port).status == 401, "its tokens are gone")
            await server.update(ControlSpec())
            #expect(server.networkPort == nil)
            #expect(throws: TestFailure.self) { try RawConnection(port: port) }
        }
    }

    // MARK: Token files

    private func fault(_ path: String, owners: Set<UInt32> = [0, geteuid()]) -> String? {
        do {
            _ = try TokenFile.read(path, owners: owners)
            return nil
        } catch {
            return error.description
        }
    }

    @Test func aTokenFileHoldsNothingButTheToken() async throws {
        try await withFile(" \n0123456789abcdef\t\n") { path async throws in
            #expect(try TokenFile.read(path, owners: [geteuid()]) == Array("0123456789abcdef".utf8))
        }
        for text in ["", "short", "0123456789abcde\n", "0123456789 abcdef", String(repeating: "x", count: 5_000)] {
            try await withFile(text) { path async throws in
                #expect(fault(path)?.contains("holds no token of 16 to 4096 bytes") == true)
            }
        }
    }

    @Test func aTokenFileIsPrivate() async throws {
        for mode in [0o604, 0o640, 0o620, 0o601] as [mode_t] {
            try await withFile(Self.secret, mode: mode) { path async throws in
                #expect(fault(path)?.contains("is not private") == true)
            }
        }
        try await withFile(Self.secret, mode: 0o400) { path async throws in
            #expect(fault(path) == nil)
            #expect(fault(path, owners: [geteuid() + 1])?.contains("is not private") == true)
            symlink(path, path + ".link")
            defer { unlink(path + ".link") }
            #expect(fault(path + ".link") != nil)
        }
        #expect(fault("/tmp")?.contains("is no file") == true)
        #expect(fault("/nowhere")?.contains("No such file") == true)
    }

    @Test func aTokenThatCannotBeReadIsToldOf() {
        let spec = ControlSpec(tokens: [.init(name: "ci", role: .read, file: "/nowhere")])
        #expect(
            AccessPolicy(spec, owners: []).warnings == [
                "control: the token ci cannot be used: /nowhere: No such file or directory"
            ])
    }
}
