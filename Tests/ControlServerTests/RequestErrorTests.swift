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

    private static func graceFault(_ seconds: String, says: String) -> Fault {
        Fault(
            method: "POST", target: "/v1/stop", body: "{\"grace_seconds\":\(seconds)}", status: 400, says: says)
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
        Fault(
            method: "GET", target: "/v1/logs?services=db", status: 400,
            says: "there are after, follow, grep, service, since, tail, until"),
        Fault(method: "GET", target: "/v1/logs?tail=-1", status: 400, says: "tail=-1: expected how many lines, or all"),
        Fault(method: "GET", target: "/v1/logs?tail=1&tail=2", status: 400, says: "tail is given more than once"),
        Fault(method: "GET", target: "/v1/logs?follow=maybe", status: 400, says: "expected true or false"),
        Fault(
            method: "GET", target: "/v1/events?since=yesterday", status: 400,
            says: "since=yesterday: expected the number"),
        Fault(
            method: "GET", target: "/v1/events", headers: ["Last-Event-ID: x"], status: 400,
            says: "Last-Event-ID: x: expected the id of a message"),
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
        Fault(
            method: "POST", target: "/v1/start", body: #"{"service":[]}"#, status: 400,
            says: "there are at_once, grace_seconds, services"),
        Fault(
            method: "POST", target: "/v1/start", body: #"{"services":"db"}"#, status: 400,
            says: "services: expected Array"),
        Fault(
            method: "POST", target: "/v1/stop", body: #"{"services":null}"#, status: 400,
            says: "services: null is no value"),
        Fault(method: "POST", target: "/v1/start", body: #"{"services":["/"]}"#, status: 404, says: "no_such_service"),
        Fault(
            method: "POST", target: "/v1/shutdown", body: #"{"immediately":1}"#, status: 400,
            says: "immediately: expected Bool"),
        Fault(method: "POST", target: "/v1/services/db/rollout/pause", body: "{}", status: 400, says: "takes no body"),
        Fault(
            method: "POST", target: "/v1/services/db/stop", body: #"{"services":["db"]}"#, status: 400,
            says: "the path names the service"),
        Fault(
            method: "POST", target: "/v1/start", body: #"{"grace_seconds":1}"#, status: 400,
            says: "nothing is ended by a start"),
        Fault(
            method: "POST", target: "/v1/stop", body: #"{"at_once":true}"#, status: 400, says: "only a restart can be"),
        Fault(
            method: "POST", target: "/v1/shutdown", body: #"{"immediately":true,"grace_seconds":0}"#, status: 400,
            says: "has no time for it"),
        graceFault("-0.001", says: "grace_seconds: expected a number of seconds from 0 to 86400"),
        graceFault("86400.5", says: "grace_seconds: expected a number of seconds from 0 to 86400"),
        graceFault("1e999", says: "a number in it does not fit"), graceFault("NaN", says: "is no JSON"),
        graceFault("\"10s\"", says: "grace_seconds: expected Double"), graceFault("null", says: "null is no value"),
        Fault(
            method: "POST", target: "/v1/services/db/rollout/undo", body: #"{"revision":0.5}"#, status: 400,
            says: "a number in it does not fit"),
        Fault(
            method: "POST", target: "/v1/services/db/rollout/promote", body: #"{"full":true}"#, status: 400,
            says: "there are fully"),
        Fault(method: "POST", target: "/v1/services/db/scale", status: 400, says: "the field replicas is needed"),
        Fault(
            method: "POST", target: "/v1/services/db/scale", body: #"{"replicas":1001}"#, status: 400,
            says: "a number from 0 to 1000"),
        Fault(
            method: "POST", target: "/v1/services/db/kill", body: #"{"signal":"SIGNOT"}"#, status: 400,
            says: "\\\"SIGNOT\\\" is none"),
        Fault(
            method: "POST", target: "/v1/services/db/exec", body: #"{"command":[]}"#, status: 400,
            says: "expected a program"),
        Fault(
            method: "POST", target: "/v1/services/db/exec", body: #"{"command":["a\u0000b"]}"#, status: 400,
            says: "zero byte"),
        Fault(
            method: "POST", target: "/v1/services/db/exec", body: #"{"command":["a"],"environment":{"A=B":"c"}}"#,
            status: 400, says: "is no name of a variable"),
        Fault(
            method: "POST", target: "/v1/services/db/exec",
            body: #"{"command":["a"],"terminal":{"rows":1,"columns":2,"depth":3}}"#, status: 400,
            says: "no field is called \\\"depth\\\"; there are columns, rows"),
        Fault(
            method: "POST", target: "/v1/services/db/run", body: #"{"replica":0}"#, status: 400,
            says: "none of the service's replicas"),
        Fault(
            method: "POST", target: "/v1/services/db/exec", body: #"{"command":["/none"]}"#, status: 422,
            says: "\"code\":\"cannot_execute\""),
        Fault(method: "POST", target: "/v1/executions/9/input", status: 404, says: "\"code\":\"no_such_execution\""),
        Fault(method: "POST", target: "/v1/executions/x/input", status: 400, says: "is no number of an execution"),
        Fault(
            method: "POST", target: "/v1/executions/1/resize", body: #"{"rows":0,"columns":80}"#, status: 400,
            says: "from 1 to 65535"),
        Fault(
            method: "POST", target: "/v1/apply", body: #"{"plan":"other"}"#, status: 409,
            says: "\"code\":\"plan_changed\""),
        Fault(
            method: "POST", target: "/v1/plan", body: #"{"environment":{"FAULT":"f:1:1: error: bad"}}"#, status: 422,
            says: "\"diagnostics\":[\"f:1:1: error: bad\"]"),
        Fault(method: "GET", target: "/v1/logs?grep=%28", status: 400, says: "expected a POSIX extended regular"),
        Fault(
            method: "GET", target: "/v1/logs?grep=a%7B9999%7D", status: 400, says: "expected a POSIX extended regular"),
        Fault(
            method: "GET", target: "/v1/logs?grep=%28a%29%5C1", status: 400, says: "expected a POSIX extended regular"),
        Fault(method: "GET", target: "/v1/logs?since=yesterday", status: 400, says: "since=yesterday: expected a time"),
        Fault(method: "GET", target: "/v1/logs?after=x", status: 400, says: "after=x: expected the id of a message"),
        Fault(
            method: "GET", target: "/v1/logs", headers: ["Last-Event-ID: x"], status: 400,
            says: "Last-Event-ID: x: expected the id of a message"),
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
}
