import StackModel
import Testing

@testable import StackFile

@Suite struct RouteTests {
    @Test func theShortFormIsAnAddress() throws {
        let spec = try service("ports: {web: auto}\nroute: {http: \"127.0.0.1:8080\"}")
        #expect(
            spec.routes == [
                RouteSpec(name: "http", listen: .tcp(host: "127.0.0.1", port: 8080), port: "web", mode: .http)
            ])
        #expect(spec.routes[0].drain == .seconds(30))
        #expect(spec.routes[0].queueTimeout == .seconds(30))
    }

    @Test func theLongForm() throws {
        let spec = try service(
            """
            ports: {web: auto, admin: auto}
            drain: 5s
            route:
              tls: {listen: "*:443", to: web, mode: tcp, drain: 0s}
              api:
                listen: ":80"
                to: admin
                host: [Example.org, "*.example.org", "[::0:1]"]
                path: [/api/, /v1]
                queue_timeout: 5s
              rest: {listen: ":81", to: web, path: /}
            """)
        #expect(
            spec.routes == [
                RouteSpec(
                    name: "api", listen: .tcp(host: "0.0.0.0", port: 80), port: "admin",
                    hosts: ["example.org", "*.example.org", "[::1]"], paths: ["/api", "/v1"], queueTimeout: .seconds(5)),
                RouteSpec(name: "rest", listen: .tcp(host: "0.0.0.0", port: 81), port: "web"),
                RouteSpec(
                    name: "tls", listen: .tcp(host: "*", port: 443), port: "web", mode: .tcp, drain: .zero),
            ])
        #expect(spec.stop.drain == .seconds(5))
        #expect(spec.shouldStayUp)
    }

    @Test(arguments: [
        (
            "route: {http: \":80\"}",
            "3:13: error: the route leads nowhere: `web` has no `ports`; add one that its program binds, such as `ports: {http: auto}`"
        ),
        (
            "ports: {a: auto, b: auto}\nroute: {http: \":80\"}",
            "4:13: error: `web` has several ports, and the route does not say to which of them it leads; add `to: a`"
        ),
        (
            "ports: {http: auto}\nroute: {x: {listen: \":80\", to: htp}}",
            "4:36: error: `htp` is no port of `web`; did you mean `http`?"
        ),
        (
            "route: {x: {listen: \":80\", to: http}}",
            "3:36: error: `http` is no port of `web`; add it: `ports: {http: auto}`"
        ),
        (
            "ports: {a: auto}\nroute: {x: {to: a}}",
            "4:16: error: a route needs `listen`; it is `HOST:PORT`, `:PORT` or `*:PORT`"
        ),
        (
            "ports: {a: auto}\nroute: {x: /run/x}",
            "4:16: error: `x` cannot be `/run/x`; it is `HOST:PORT`, `:PORT` or `*:PORT`"
        ),
        (
            "ports: {a: auto}\nroute: {x: \"udp::53\"}",
            "4:16: error: `x` cannot be `udp::53`; it is `HOST:PORT`, `:PORT` or `*:PORT`"
        ),
        (
            "ports: {a: auto}\nroute: {x: {listen: \":80\", mode: tcp, host: a}}",
            "4:49: error: `host` is about HTTP, and with `mode: tcp` nothing of it is read; leave it out, or use `mode: http`"
        ),
        (
            "ports: {a: auto}\nroute: {x: {listen: \":80\", host: \"a:80\"}}",
            "4:38: error: `host` cannot be `a:80`; it is a host such as `example.org` or `*.example.org`, without a port"
        ),
        (
            "ports: {a: auto}\nroute: {x: {listen: \":80\", host: \"a.*.b\"}}",
            "4:38: error: `host` cannot be `a.*.b`; it is a host such as `example.org` or `*.example.org`, without a port"
        ),
        (
            "ports: {a: auto}\nroute: {x: {listen: \":80\", path: \"/a?b\"}}",
            "4:38: error: `path` cannot be `/a?b`; it is a path such as `/api`, without a query"
        ),
        (
            "ports: {a: auto}\nroute: {x: {listen: \":80\", path: [\"/a\", \"/a b\"]}}",
            "4:45: error: `path` cannot be `/a b`; it is a path such as `/api`, without a query"
        ),
        (
            "ports: {a: auto}\nroute: {x: {listen: \":80\", path: [/a, /a/]}}",
            "4:38: error: the list has an entry twice; write each once"
        ),
        (
            "ports: {a: auto}\nroute: {x: {listen: \":80\", host: []}}",
            "4:38: error: the list is empty, so nothing would match; leave it out"
        ),
        (
            "ports: {a: auto}\nroute: {x: {listen: \":80\", queue_timeout: 0s}}",
            "4:47: error: `queue_timeout` cannot be `0s`; it is a duration longer than 0, such as `10s`, `500ms` or `1m30s`"
        ),
        (
            "ports: {a: many}\nroute: {x: \":80\"}",
            "3:16: error: `a` cannot be `many`; it is `auto`, or a number from 1 to 65535"
        ),
        (
            "ports: {a: auto}\nroute: {x: \":80\"}\nschedule: {every: 1h}",
            "4:12: error: nobody answers a scheduled service's requests between its runs; leave out `route`, or the `schedule`"
        ),
        (
            "ports: {a: auto}\nroute: {x: \":80\"}\nlisten: {y: \"127.0.0.1:80\"}",
            "4:16: error: `web` binds port 80 twice, first at 5:17; give one of them another port"
        ),
        (
            "ports: {a: auto, b: 80}\nroute: {x: {listen: \":80\", to: a}}",
            "4:25: error: `web` binds port 80 twice, first at 3:25; give one of them another port"
        ),
    ])
    func faultsOfOne(keys: String, fault: String) {
        #expect(serviceFaults(keys) == [fault])
    }

    private static func two(_ first: String, _ second: String) -> String {
        """
        services:
          a: {command: [x], ports: {p: auto}, route: {r: {listen: \(first)}}}
          b: {command: [x], ports: {p: auto}, route: {r: {listen: \(second)}}}
        """
    }

    @Test(arguments: [
        ("\":80\", host: a", "\":80\", host: b"), ("\":80\", path: /a", "\":80\", path: /b"),
        ("\":80\", path: /a", "\":80\", path: /a/b"), ("\":80\"", "\":80\", path: /b"),
        ("\":80\", host: a", "\":80\", host: a, path: /b"), ("\":80\", host: a.b", "\":80\", host: \"*.b\""),
        ("\"[::1]:80\", host: a", "\"[::0:1]:80\", host: b"), ("\"127.0.0.1:80\"", "\"127.0.0.2:80\""),
    ])
    func routesThatRulesTellApart(first: String, second: String) {
        #expect(faults(Self.two(first, second)) == [])
    }

    @Test(arguments: [
        (
            "\":80\"", "\":80\"",
            "3:47: error: every request to 0.0.0.0:80 that no other rule takes is routed twice, first to `a` at 2:47; tell them apart by `host` and `path`, or give one of them another port"
        ),
        (
            "\":80\", host: [a, b]", "\":80\", host: B",
            "3:47: error: the host `b` at 0.0.0.0:80 is routed twice, first to `a` at 2:47; tell them apart by `host` and `path`, or give one of them another port"
        ),
        (
            "\":80\", path: /a", "\":80\", path: /a/",
            "3:47: error: the path `/a` at 0.0.0.0:80 is routed twice, first to `a` at 2:47; tell them apart by `host` and `path`, or give one of them another port"
        ),
        (
            "\":80\", host: h, path: /a", "\":80\", host: [x, h], path: [/b, /a]",
            "3:47: error: `h/a` at 0.0.0.0:80 is routed twice, first to `a` at 2:47; tell them apart by `host` and `path`, or give one of them another port"
        ),
        (
            "\":80\", host: a", "\"127.0.0.1:80\", host: b",
            "3:59: error: `a` and `b` both bind port 80, first at 2:59; write the very same address, or give one of them another port"
        ),
        (
            "\":80\", mode: tcp", "\":80\", host: b",
            "3:59: error: `a` and `b` both bind port 80, first at 2:59; give one of them another port, or both `mode: http` and rules"
        ),
        (
            "\":80\", mode: tcp", "\":80\", mode: tcp",
            "3:59: error: `a` and `b` both bind port 80, first at 2:59; give one of them another port, or both `mode: http` and rules"
        ),
    ])
    func routesThatCannotBothBe(first: String, second: String, fault: String) {
        #expect(faults(Self.two(first, second)) == [fault])
    }

    @Test func theNameOfStackdsOwnServiceIsNobodyElses() {
        #expect(
            faults("services: {stackd-haproxy: {command: [a]}}") == [
                "1:12: error: `stackd-haproxy` is the name of stackd's own HAProxy; give the service another name"
            ])
    }
}
