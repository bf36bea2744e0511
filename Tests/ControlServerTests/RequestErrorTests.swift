import ControlProtocol
@testable import ControlServer
import Testing

/// What is wrong with a request is said as a problem document, and harms nobody else.
@Suite struct RequestErrorTests {
    struct Fault: Sendable, CustomTestStringConvertible {
        var method: String
        var target: String
        var body = ""
        var headers: [String] = []
        var status: Int
        var says: String
        var testDescription: String { "\(method) \(target) \(body)" }
    }

    static let faults = [
        Fault(method: "GET", target: "/", status: 404, says: "\"code\":\"not_found\""),
        Fault(method: "GET", target: "/v1/nothing", status: 404, says: "there is nothing at /v1/nothing"),
        Fault(method: "GET", target: "/v1/services/db/nothing", status: 404, says: "\"code\":\"not_found\""),
        Fault(method: "GET", target: "/v1/services/no%2Fname", status: 404, says: "\"code\":\"no_such_service\""),
        Fault(method: "DELETE", target: "/v1/stack", status: 405, says: "/v1/stack takes GET, not DELETE"),
        Fault(method: "GET", target: "/v1/start", status: 405, says: "/v1/start takes POST, not GET"),
        Fault(method: "PATCH", target: "/v1/events", status: 405, says: "\"code\":\"method_not_allowed\""),
        Fault(
            method: "GET", target: "/v1/stack?x=1", status: 400,
            says: "no parameter is called \\\"x\\\"; there are none here"),
        Fault(method: "GET", target: "/v1/logs?services=db", status: 400, 
            says: "there are after, follow, grep, service, since, tail, until"),
        Fault(method: "GET", target: "/v1/logs?tail=-1", status: 400, says: "tail=-1: expected how many lines, or all"),
        Fault(method: "GET", target: "/v1/logs?tail=1&tail=2", status: 400, says: "tail is given more than once"),
        Fault(method: "GET", target: "/v1/logs?follow=maybe", status: 400, says: "expected true or false"),
        Fault(
            method: "GET", target: "/v1/events?since=yesterday", status: 400,
            says: "since=yesterday: expected the number"),
        Fault(
            method: "GET", target: "/v1/events", headers: ["Last-Event-ID: x"], status: 400,
            says: "Last-Event-ID: x: expected the number of an event"),
        Fault(
            method: "GET", target: "/v1/events?follow=true", headers: ["Accept: application/json"], status: 406,
            says: "\"code\":\"not_acceptable\""),
        Fault(
            method: "GET", target: "/v1/replicas/db/x/explain", status: 400, says: "\\\"x\\\" is no index of a replica"),
        Fault(method: "POST", target: "/v1/start", body: "{", status: 400, says: "the body of the request is no JSON"),
        Fault(
            method: "POST", target: "/v1/start", body: String(repeating: "[", count: 60_000), status: 400,
            says: "no JSON"),
        Fault(method: "POST", target: "/v1/start", body: "[]", status: 400, says: "no JSON object"),
        Fault(method: "POST", target: "/v1/start", body: #"{"service":[]}"#, status: 400, says: "there are services"),
        Fault(
            method: "POST", target: "/v1/start", body: #"{"services":"db"}"#, status: 400,
            says: "services: expected Array"),
        Fault(method: "POST", target: "/v1/start", body: #"{"services":["/"]}"#, status: 404, says: "no_such_service"),
        Fault(
            method: "POST", target: "/v1/shutdown", body: #"{"immediately":1}"#, status: 400,
            says: "immediately: expected Bool"),
        Fault(method: "POST", target: "/v1/services/db/stop", body: "{}", status: 400, says: "takes no body"),
        Fault(
            method: "POST", target: "/v1/start", body: String(repeating: " ", count: 70_000), status: 413,
            says: "\"code\":\"body_too_large\""),
        Fault(
            method: "GET", target: "/v1/stack", headers: ["X: \(String(repeating: "x", count: 20_000))"], status: 431,
            says: "\"code\":\"header_too_large\""),
    ]

    @Test(arguments: faults)
    func isAnsweredWithAProblem(fault: Fault) async throws {
        let controller = FakeController()
        try await withServer(controller) { path, _ in
            let answer = try exchange(path, fault.method, fault.target, headers: fault.headers, body: fault.body)
            #expect(answer.status == fault.status)
            #expect(answer.lowercased().contains("content-type: application/problem+json"))
            #expect(answer.contains(fault.says), "\(answer)")
        }
        #expect(await controller.commands.isEmpty)
    }

    @Test func whatIsNoHTTPIsAnsweredAndCutOff() async throws {
        try await withServer { path, _ in
            for text in [
                "\u{0}\u{1}\u{2}\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
                "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
            ] {
                let connection = try RawConnection(path)
                connection.send(text)
                let answer = try connection.receiveAll()
                #expect(answer.status == 400)
                #expect(answer.contains("the request is no HTTP"))
            }
        }
    }

    @Test func aClientThatEndsInMidRequestLeavesNothingBehind() async throws {
        try await withServer { path, _ in
            for text in [
                "", "GE", "GET /v1/stack HTTP/1.1\r\nHost",
                "POST /v1/start HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{",
            ] {
                do {
                    let connection = try RawConnection(path)
                    connection.send(text)
                    connection.endSending()
                    let answer = try connection.receiveAll()
                    #expect(answer.isEmpty || answer.status == 400)
                }
                let connection = try RawConnection(path)
                connection.send(text)
            }
            #expect(try exchange(path, "GET", "/healthz").status == 200)
        }
    }

    @Test func aBodyThatNeverComesIsNotWaitedForLong() async throws {
        var limits = Limits()
        limits.bodyTimeout = .milliseconds(50)
        try await withServer(limits: limits) { path, _ in
            let connection = try RawConnection(path)
            connection.send("POST /v1/start HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
            let answer = try connection.receiveAll()
            #expect(answer.status == 408)
            #expect(answer.contains("\"code\":\"request_timeout\""))
        }
    }

    @Test func aHeaderThatNeverComesIsNotWaitedForLong() async throws {
        var limits = Limits()
        limits.idleTimeout = .milliseconds(50)
        try await withServer(limits: limits) { path, _ in
            let connection = try RawConnection(path)
            connection.send("GET /v1/stack HTTP/1.1\r\n")
            #expect(try connection.receiveAll().isEmpty)
        }
    }

    /// Seeded, so that a failure can be had again.
    @Test(arguments: 0..<8)
    func noiseIsSurvived(seed: UInt64) async throws {
        var random = SplitMix(state: seed)
        let seeds = [
            "GET /v1/services HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET /v1/events?since=1&follow=false HTTP/1.1\r\nHost: x\r\n\r\n",
            "POST /v1/start HTTP/1.1\r\nHost: x\r\nContent-Length: 17\r\n\r\n{\"services\":[\"a\"]}",
            "POST /v1/stop HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        ]
        try await withServer { path, _ in
            for _ in 0..<150 {
                var bytes = Array((seeds.randomElement(using: &random) ?? "").utf8)
                for _ in 0..<Int.random(in: 1...6, using: &random) {
                    let position = Int.random(in: 0..<bytes.count, using: &random)
                    switch Int.random(in: 0..<4, using: &random) {
                    case 0: bytes[position] = UInt8.random(in: 0...255, using: &random)
                    case 1: bytes.insert(contentsOf: bytes[..<position], at: position)
                    case 2: bytes.removeSubrange(position..<min(position + 9, bytes.count - 1))
                    default: bytes.insert(UInt8(ascii: "\n"), at: position)
                    }
                }
                let connection = try RawConnection(path)
                connection.send(bytes)
                connection.endSending()
                _ = try connection.receiveAll()
            }
            #expect(try exchange(path, "GET", "/healthz").status == 200)
        }
    }
}

/// Source: Vigna, "splitmix64.c".
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
