import StackModel
import Testing

@testable import StackFile

@Suite struct ProbeTests {
    private func readiness(_ probe: String) throws -> ProbeSpec {
        let service = try service("ports: {admin: auto}\nlisten: {sock: /x.sock}\nprobes: {readiness: \(probe)}")
        return try #require(service.probes.readiness)
    }

    @Test(
        arguments: [
            ("exec: [pg_isready, -q]", ProbeHandler.exec(command: ["pg_isready", "-q"])),
            ("exec: pg_isready -q", .exec(command: ["pg_isready", "-q"])),
            ("tcp: 5432", .tcp(host: "127.0.0.1", port: .number(5432))),
            ("tcp: admin", .tcp(host: "127.0.0.1", port: .named("admin"))),
            ("tcp: \"127.0.0.2:${port.admin}\"", .tcp(host: "127.0.0.2", port: .named("admin"))),
            ("tcp: \"[::1]:5432\"", .tcp(host: "::1", port: .number(5432))),
            ("tcp: {port: admin, host: \"::1\"}", .tcp(host: "::1", port: .named("admin"))),
            ("unix: \"${run_dir}/s\"", .unix(path: Template(parts: [.runDirectory, .text("/s")]))),
            ("grpc: 50051", .grpc(host: "127.0.0.1", port: .number(50051), service: "")),
            (
                "grpc: {port: admin, service: a.B, host: localhost}",
                .grpc(host: "localhost", port: .named("admin"), service: "a.B")
            ),
            ("log: \"^ready$$\"", .log(pattern: "^ready$")),
            ("log: {pattern: \"a|b\"}", .log(pattern: "a|b")),
            ("notify: true", .notify),
            ("listening: 8080", .listening(port: .number(8080))),
            ("listening: {port: admin}", .listening(port: .named("admin"))),
            ("http: 8080", .http(HTTPProbe(port: .number(8080)))),
            ("http: admin", .http(HTTPProbe(port: .named("admin")))),
            (
                "http: \"http://127.0.0.1:9090/-/ready?x=1\"",
                .http(HTTPProbe(port: .number(9090), path: "/-/ready?x=1"))
            ),
            ("http: \"http://[::1]/\"", .http(HTTPProbe(host: "::1", port: .number(80), path: "/"))),
            ("http: \"http://localhost\"", .http(HTTPProbe(host: "localhost", port: .number(80), path: "/"))),
            (
                "http: \"http://localhost:${port.admin}/x\"",
                .http(HTTPProbe(host: "localhost", port: .named("admin"), path: "/x"))
            ),
            (
                "http: {port: admin, path: /ready, host: \"::1\", headers: {Host: \"a${replica.index}\"}, status: 204, body: ok}",
                .http(
                    HTTPProbe(
                        host: "::1", port: .named("admin"), path: "/ready",
                        headers: [HTTPHeader(name: "Host", value: Template(parts: [.text("a"), .replicaIndex]))],
                        status: [204...204], body: "ok"))
            ),
            ("http: {port: 80, status: 200-299}", .http(HTTPProbe(port: .number(80), status: [200...299]))),
            (
                "http: {port: 80, status: [200, 301-302]}",
                .http(HTTPProbe(port: .number(80), status: [200...200, 301...302]))
            ),
            (
                "mcp: \"http://127.0.0.1:80/x\"",
                .mcp(MCPProbe(transport: .http(host: "127.0.0.1", port: .number(80), path: "/x")))
            ),
            (
                "mcp: {http: admin}",
                .mcp(MCPProbe(transport: .http(host: "127.0.0.1", port: .named("admin"), path: "/mcp")))
            ),
            (
                "mcp: {http: {port: admin, path: /rpc}, tools: [a, b]}",
                .mcp(
                    MCPProbe(
                        transport: .http(host: "127.0.0.1", port: .named("admin"), path: "/rpc"), tools: ["a", "b"]))
            ),
            (
                "mcp: {http: {port: 80}}",
                .mcp(MCPProbe(transport: .http(host: "127.0.0.1", port: .number(80), path: "/mcp")))
            ),
            ("mcp: {stdio: [a, b], tools: [t]}", .mcp(MCPProbe(transport: .stdio(command: ["a", "b"]), tools: ["t"]))),
            ("mcp: {stdio: true}", .mcp(MCPProbe(transport: .stdio(command: ["serve"])))),
        ] as [(String, ProbeHandler)])
    func handlers(text: String, handler: ProbeHandler) throws {
        #expect(try readiness("{\(text)}").handler == handler)
    }

    @Test func theNumbersAreThoseOfKubernetes() throws {
        let standard = try readiness("{notify: true}")
        #expect(
            standard
                == ProbeSpec(
                    handler: .notify, initialDelay: .zero, period: .seconds(10), timeout: .seconds(1),
                    successThreshold: 1,
                    failureThreshold: 3))
        let own = try readiness(
            "{notify: true, initial_delay: 1s, period: 2s, timeout: 3s, success_threshold: 4, failure_threshold: 5}")
        #expect(
            own
                == ProbeSpec(
                    handler: .notify, initialDelay: .seconds(1), period: .seconds(2), timeout: .seconds(3),
                    successThreshold: 4,
                    failureThreshold: 5))
    }

    @Test func eachProbeHasItsPlace() throws {
        let probes = try service("probes: {startup: {exec: [a]}, readiness: {exec: [b]}, liveness: {exec: [c]}}").probes
        #expect(probes.startup?.handler == .exec(command: ["a"]))
        #expect(probes.readiness?.handler == .exec(command: ["b"]))
        #expect(probes.liveness?.handler == .exec(command: ["c"]))
    }

    @Test(arguments: [
        (
            "{}",
            "3:25: error: the probe does nothing; give it one of `exec`, `http`, `tcp`, `unix`, `grpc`, `log`, `notify`, `listening`, `mcp`"
        ),
        ("{exec: [a], tcp: 80}", "3:37: error: the probe does more than one thing; keep one of them"),
        ("{exce: [a]}", "3:26: error: unknown key `exce`; did you mean `exec`?"),
        ("{exec: []}", "3:32: error: the command is empty; its first word is the program"),
        ("{notify: false}", "3:34: error: `notify` of a probe cannot be `false`; leave the probe out"),
        (
            "{tcp: 70000}",
            "3:31: error: `70000` is no port to connect to; it is a number from 1 to 65535, or the name of one of the service's ports"
        ),
        (
            "{tcp: \"db:80\"}",
            "3:31: error: `tcp` cannot connect to `db`; the host is a numeric address such as `127.0.0.1` or `[::1]`, or `localhost`"
        ),
        ("{tcp: admin}", "3:31: error: `admin` leads to no port of `web`; add it: `ports: {admin: auto}`"),
        (
            "{tcp: {host: localhost}}",
            "3:31: error: an endpoint needs `port`; it is a number from 1 to 65535, or the name of one of the service's ports"
        ),
        (
            "{http: \"https://localhost/\"}",
            "3:32: error: probes do not speak TLS; use `exec` with a client that does: `exec: [curl, -fsS, URL]`"
        ),
        (
            "{http: {port: 80, path: ready}}",
            "3:49: error: `ready` is no path of a request; it begins with `/`; blanks and other letters than ASCII's are written as `%20` and the like"
        ),
        (
            "{http: {port: 80, path: \"/a b\"}}",
            "3:49: error: `/a b` is no path of a request; it begins with `/`; blanks and other letters than ASCII's are written as `%20` and the like"
        ),
        (
            "{http: {port: 80, status: 99}}",
            "3:51: error: `status` cannot be `99`; it is a status from 100 to 599, or a range such as `200-299`"
        ),
        (
            "{http: {port: 80, status: 300-200}}",
            "3:51: error: `status` cannot be `300-200`; it is a status from 100 to 599, or a range such as `200-299`"
        ),
        ("{http: {port: 80, status: []}}", "3:51: error: no status passes; name one, or leave `status` out"),
        (
            "{http: {port: 80, headers: {\"a b\": c}}}",
            "3:53: error: `a b` is no name of a header; it is letters, digits and any of !#$%&'*+-.^_`|~"
        ),
        (
            "{http: {port: 80, headers: {a: \"b\\r\\nc: d\"}}}",
            "3:56: error: `headers` cannot be `b⏎c: d`; it is values of one line, without control characters"
        ),
        ("{log: \"(\"}", "3:31: error: the regular expression cannot be used: Unmatched ( or \\("),
        (
            "{log: \"((a{200}){200}){200}\"}",
            "3:31: error: the regular expression cannot be used: its repetitions are too many; use `*` or `+`, or smaller numbers in `{}`"
        ),
        ("{mcp: {tools: [a]}}", "3:31: error: the MCP probe has no transport; give it `stdio` or `http`"),
        ("{mcp: {stdio: true, http: 80}}", "3:31: error: the MCP probe has two transports; keep `stdio` or `http`"),
        ("{mcp: {stdio: false}}", "3:39: error: `stdio` cannot be `false`; leave it out"),
        (
            "{exec: [a], period: 0s}",
            "3:45: error: `period` cannot be `0s`; it is a duration longer than 0, such as `10s`, `500ms` or `1m30s`"
        ),
        (
            "{exec: [a], timeout: 0}",
            "3:46: error: `timeout` cannot be `0`; it is a duration longer than 0, such as `10s`, `500ms` or `1m30s`"
        ),
        (
            "{exec: [a], timeout: 5}",
            "3:46: error: `timeout` cannot be `5`; it is a duration longer than 0, such as `10s`, `500ms` or `1m30s`"
        ),
        (
            "{exec: [a], initial_delay: -1s}",
            "3:52: error: `initial_delay` cannot be `-1s`; it is a duration such as `10s`, `500ms` or `1m30s`"
        ),
        (
            "{exec: [a], failure_threshold: 0}",
            "3:56: error: `failure_threshold` cannot be `0`; it is a whole number from 1 to 1000000000"
        ),
    ])
    func probeFaults(probe: String, fault: String) {
        #expect(serviceFaults("probes: {readiness: \(probe)}") == [fault])
    }

    @Test(arguments: ["startup", "liveness"])
    func oneSuccessIsEnough(probe: String) {
        #expect(
            serviceFaults("probes: {\(probe): {exec: [a], success_threshold: 2}}").map { $0.drop { $0 != " " } } == [
                " error: `success_threshold` of a \(probe) probe cannot be 2; it is 1, as in Kubernetes"
            ])
    }

    @Test func aProbeOfAListenerThatStackdHolds() {
        let keys = "listen: {http: \"127.0.0.1:80\"}\nprobes: {readiness: {tcp: http}}"
        #expect(
            serviceFaults(keys) == [
                "4:26: warning: the probe proves nothing: stackd itself holds the listener `http`; use `http`, `exec` or `notify`"
            ])
        let shared = "listen: {http: \"127.0.0.1:80\"}\nreplicas: 2\nprobes: {readiness: {http: 80}}"
        #expect(
            serviceFaults(shared) == [
                "5:26: warning: all replicas share the listener `http`, so any of them may answer the probe; give each replica a port of its own: `ports: {admin: auto}`"
            ])
        let single = "listen: {http: \"127.0.0.1:80\"}\nprobes: {readiness: {http: http}}"
        #expect(
            serviceFaults(single) == [
                "4:26: warning: in a rollout the old instance shares the listener `http`, and may answer the new one's probe; give each a port of its own: `ports: {admin: auto}`, or use `rollout: {order: stop-first}`"
            ])
        #expect(serviceFaults(single + "\nrollout: {order: stop-first}") == [])
        #expect(serviceFaults("listen: {http: \"udp::80\"}\nprobes: {readiness: {http: 80}}") == [])
    }

    @Test func aRouteAnswersForOthers() {
        let keys = "ports: {http: auto}\nroute: {web: \":80\"}\nprobes: {readiness: {http: %}}"
        #expect(
            serviceFaults(keys.replacing("%", with: "80")) == [
                "5:26: warning: the route `web` leads to whichever replica is ready, so it never leads to a first one; name the port at which the replica itself answers: `http`"
            ])
        #expect(serviceFaults(keys.replacing("%", with: "http")) == [])
    }
}
