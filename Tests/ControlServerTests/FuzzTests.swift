import ControlProtocol
@testable import ControlServer
import Glibc
import HTTPTypes
import StackModel
import Testing

/// Clients that are broken or mean: 10,000 of them harm nobody.
@Suite(.serialized) struct FuzzTests {
    private static let requestsPerSeed = 500

    /// Seeded, so that a failure can be had again.
    @Test(arguments: 0..<20)
    func anythingIsSurvived(seed: UInt64) async throws {
        // Over TCP too: who has no token can send as much.
        let control = ControlSpec(listener: .init(host: "127.0.0.1", port: 0))
        try await withServer(control: control) { path, server in
            let port = try #require(server.networkPort)
            var client = FuzzClient(seed: seed)
            for number in 1...Self.requestsPerSeed {
                try client.attack { try number % 2 == 0 ? RawConnection(path) : RawConnection(port: port) }
                // Somebody else is served all the while, whatever is still open.
                if number % 20 == 0 { try #require(try exchange(path, "GET", "/healthz").status == 200) }
            }
        }
    }
}

/// A client that does whatever comes to its mind.
private struct FuzzClient {
    private enum Attack: CaseIterable {
        /// Bytes that are nothing.
        case noise
        /// A request with a few bytes changed, moved or lost.
        case mutation
        /// A request that stops short.
        case truncation
        case hugeHeader
        case badChunks
        case hugeBody
        /// Many requests at once, whose answers nobody reads.
        case flood
    }

    /// What becomes of the connection.
    private enum Ending: CaseIterable {
        /// The sending half is closed, and the answer read.
        case halfClosed
        /// It is closed at once.
        case closed
        /// It stays as it is, and nothing is read.
        case held
    }

    private var random: SplitMix
    private var held: [RawConnection] = []

    init(seed: UInt64) {
        random = SplitMix(state: seed)
    }

    private static let requests: [String] =
        RouteTable.all.routes.map { "\($0.method.rawValue) \($0.target) HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" } + [
            "GET /v1/events?since=1&follow=false HTTP/1.1\r\nHost: x\r\n\r\n",
            "POST /v1/start HTTP/1.1\r\nHost: x\r\nContent-Length: 16\r\n\r\n{\"services\":[\"a\"]}",
            "POST /v1/stop HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
            "POST /v1/services/db/exec HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n{\"command\":[\"true\"]}",
        ]

    mutating func attack(_ connect: () throws -> RawConnection) throws {
        // A server that is full may let it wait in its queue or close it: both are its right.
        guard let connection = try? connect() else { return held.removeAll() }
        connection.setPatience(milliseconds: 20)
        connection.send(bytes(of: Attack.allCases.randomElement(using: &random) ?? .noise))
        switch Ending.allCases.randomElement(using: &random) ?? .closed {
        case .halfClosed:
            connection.endSending()
            _ = try? connection.receive()
        case .closed: break
        case .held:
            held.append(connection)
            if held.count > 12 { held.remove(at: Int.random(in: 0..<held.count, using: &random)) }
        }
    }

    private mutating func bytes(of attack: Attack) -> [UInt8] {
        let request = Array((Self.requests.randomElement(using: &random) ?? "").utf8)
        let head = "POST /v1/start HTTP/1.1\r\nHost: x\r\n"
        switch attack {
        case .noise:
            return (0..<Int.random(in: 0...2_000, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random)
            }
        case .mutation: return mutated(request)
        case .truncation: return Array(request.prefix(Int.random(in: 0..<request.count, using: &random)))
        case .hugeHeader:
            let field = "X-\(Int.random(in: 0...9, using: &random)): "
            let size = Int.random(in: 1...40_000, using: &random)
            return Array((head + field + String(repeating: "x", count: size) + "\r\n\r\n").utf8)
        case .badChunks:
            let sizes = ["-1", "ffffffffffffffffff", "0x2", "2;a=b", "", "g", "7fffffff"]
            let size = sizes.randomElement(using: &random) ?? ""
            return Array((head + "Transfer-Encoding: chunked\r\n\r\n\(size)\r\n{}\r\n0\r\n\r\n").utf8)
        case .hugeBody:
            let claimed = Int.random(in: 0...200_000, using: &random)
            let sent = Int.random(in: 0...80_000, using: &random)
            return Array((head + "Content-Length: \(claimed)\r\n\r\n" + String(repeating: " ", count: sent)).utf8)
        case .flood: return Array(repeatElement(request, count: Int.random(in: 1...10, using: &random)).joined())
        }
    }

    private mutating func mutated(_ request: [UInt8]) -> [UInt8] {
        var bytes = request
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            let position = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes[position] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.insert(contentsOf: bytes[..<position], at: position)
            case 2: bytes.removeSubrange(position..<max(position, min(position + 9, bytes.count - 1)))
            default: bytes.insert(UInt8(ascii: "\n"), at: position)
            }
        }
        return bytes
    }
}
