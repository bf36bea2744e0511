import StackModel
import Testing

@testable import StackFile

@Suite struct EndpointTests {
    @Test(arguments: [
        ("\"127.0.0.1:8000\"", ListenerSpec.Address.tcp(host: "127.0.0.1", port: 8000)),
        ("\":8000\"", .tcp(host: "0.0.0.0", port: 8000)),
        ("localhost:80", .tcp(host: "localhost", port: 80)),
        ("\"[::1]:80\"", .tcp(host: "::1", port: 80)),
        ("{address: \"127.0.0.1:8000\"}", .tcp(host: "127.0.0.1", port: 8000)),
        ("/run/x.sock", .unix(path: "/run/x.sock")),
        ("./x.sock", .unix(path: "./x.sock")),
        ("\"unix:x.sock\"", .unix(path: "x.sock")),
        ("\"unix:${run_dir}/x.sock\"", .unix(path: Template(parts: [.runDirectory, .text("/x.sock")]))),
        ("\"${run_dir}/x.sock\"", .unix(path: Template(parts: [.runDirectory, .text("/x.sock")]))),
    ])
    func listen(text: String, address: ListenerSpec.Address) throws {
        #expect(try service("listen: {http: \(text)}").listeners == [ListenerSpec(name: "http", address: address)])
    }

    @Test(arguments: [
        ("8000", "`http` cannot be `8000`; it is `HOST:PORT`, `:PORT` or `unix:PATH`"),
        ("\"web:80\"", "`web` is no numeric address; it is one such as `127.0.0.1` or `[::1]`, or `localhost`"),
        ("\":0\"", "`0` is no port to listen on; for a free port use `ports: {http: auto}`"),
        ("\":70000\"", "`70000` is no port to listen on; it is a number from 1 to 65535"),
        (
            "\"127.0.0.1:${port.x}\"",
            "`${port.x}` cannot stand in `http`; it has a value only for each replica, when stackd starts it"
        ),
        (
            "\"udp://0.0.0.0:53\"",
            "UDP listeners are not in this version; let the program bind the port: `ports: {http: 53}`"
        ),
        ("\"@abstract\"", "abstract unix sockets are not in this version; name a path: `unix:${run_dir}/http.sock`"),
        (
            "\"unix:@abstract\"",
            "abstract unix sockets are not in this version; name a path: `unix:${run_dir}/http.sock`"
        ),
        ("\"unix:\"", "`http` cannot be `unix:`; it is `HOST:PORT`, `:PORT` or `unix:PATH`"),
        (
            "\"/${replica.index}.sock\"",
            "a listener belongs to the whole service, so it has no replica; leave `${replica.index}` and `${port.…}` out"
        ),
        (
            "\"/\(String(repeating: "x", count: 107))\"",
            "the path of a unix socket has 108 bytes; it has 107 at the most; a place under `${run_dir}` is shorter"
        ),
        ("[80]", "`http` cannot be a list; it is `HOST:PORT`, `:PORT` or `unix:PATH`"),
        ("{}", "a listener needs `address`; it is `HOST:PORT`, `:PORT` or `unix:PATH`"),
    ])
    func listenFaults(text: String, fault: String) {
        #expect(serviceFaults("listen: {http: \(text)}") == ["3:20: error: \(fault)"])
    }

    @Test func names() {
        #expect(
            serviceFaults("listen: {\"1:x\": \":80\"}") == [
                "3:14: error: `1:x` is no name of a listener; it is a letter, then letters, digits, `_` and `-`, 63 at the most"
            ])
        #expect(
            serviceFaults("ports: {a-b: auto, a_b: auto}") == [
                "3:24: error: the ports `a-b` and `a_b` are both handed over as PORT_A_B; rename one of them"
            ])
        #expect(
            serviceFaults("ports: {x: auto}\nlisten: {x: \":80\"}") == [
                "4:14: error: `x` names a listener and a port; rename one of them"
            ])
    }

    @Test func ports() throws {
        #expect(
            try service("ports: {web: 8080, admin: auto}").ports == [
                PortSpec(name: "admin", assignment: .automatic), PortSpec(name: "web", assignment: .fixed(8080)),
            ])
    }

    @Test(arguments: [
        (
            "ports: [\"8080:80\"]",
            "3:12: error: a list of ports is for containers: nothing is mapped on the host; give each port that the program binds a name: `ports: {http: 8080}`, or `auto`"
        ),
        ("ports: {a: 0}", "3:16: error: `a` cannot be `0`; it is `auto`, or a number from 1 to 65535"),
        ("ports: {a: 70000}", "3:16: error: `a` cannot be `70000`; it is `auto`, or a number from 1 to 65535"),
        ("ports: {a: \"8080:80\"}", "3:16: error: `a` cannot be `8080:80`; it is `auto`, or a number from 1 to 65535"),
        (
            "ports: {a: 8080}\nreplicas: 2",
            "3:16: error: 2 replicas of `web` cannot all bind port 8080; use `auto`, or let them share a `listen` socket"
        ),
        (
            "ports: {a: 8080, b: 8080}",
            "3:25: error: `web` binds port 8080 twice, first at 3:16; give one of them another port"
        ),
        (
            "ports: {admin: auto}\nenvironment: {P: \"${port.admni}\"}",
            "4:22: error: `${port.admni}` leads to no port of `web`; did you mean `admin`?"
        ),
        (
            "environment: {P: \"${port.admin}\"}",
            "3:22: error: `${port.admin}` leads to no port of `web`; add it: `ports: {admin: auto}`"
        ),
        (
            "listen: {admin: \":80\"}\nenvironment: {P: \"${port.admin}\"}",
            "4:22: error: `${port.admin}` leads to no port of `web`; add it: `ports: {admin: auto}`"
        ),
    ])
    func portFaults(keys: String, fault: String) {
        #expect(serviceFaults(keys) == [fault])
    }

    @Test func aFaultyPortIsNotAlsoAMissingOne() {
        #expect(
            serviceFaults("ports: {a: many}\nenvironment: {P: \"${port.a}\"}") == [
                "3:16: error: `a` cannot be `many`; it is `auto`, or a number from 1 to 65535"
            ])
    }

    @Test(arguments: [
        ("127.0.0.1:80", "127.0.0.1:80"), ("0.0.0.0:80", "127.0.0.1:80"), ("127.0.0.1:80", "[::]:80"),
        ("localhost:80", "127.0.0.1:80"), ("[::1]:80", "localhost:80"), ("[::1]:80", "[0:0:0::1]:80"),
    ])
    func listenersThatCannotBothBeBound(first: String, second: String) {
        #expect(
            faults(Self.two("listen: {x: \"\(first)\"}", "listen: {x: \"\(second)\"}")) == [
                "3:33: error: `a` and `b` both bind port 80, first at 2:33; give one of them another port"
            ])
    }

    @Test(arguments: [
        ("127.0.0.1:80", "127.0.0.1:81"), ("127.0.0.1:80", "127.0.0.2:80"), ("127.0.0.1:80", "[::1]:80"),
        ("0.0.0.0:80", "[::1]:80"), ("localhost:80", "127.0.0.2:80"),
    ])
    func listenersThatCanBothBeBound(first: String, second: String) {
        #expect(faults(Self.two("listen: {x: \"\(first)\"}", "listen: {x: \"\(second)\"}")) == [])
    }

    @Test func aFixedPortMayBeBoundOnAnyAddress() {
        #expect(
            faults(Self.two("ports: {x: 80}", "listen: {x: \"127.0.0.1:80\"}")) == [
                "3:33: error: `a` and `b` both bind port 80, first at 2:32; give one of them another port"
            ])
    }

    @Test func socketsHavePathsOfTheirOwn() {
        #expect(
            faults(Self.two("listen: {x: \"${run_dir}/x\"}", "listen: {x: \"unix:${run_dir}/x\"}")) == [
                "3:33: error: the socket `${run_dir}/x` is there twice, first at 2:33; give each its own path"
            ])
        #expect(faults(Self.two("listen: {x: \"/${service.name}\"}", "listen: {x: \"/${service.name}\"}")) == [])
        #expect(faults(Self.two("listen: {x: \"/a\"}", "listen: {x: \"/${service.name}\"}")) == [])
        #expect(faults(Self.two("listen: {x: \"/b\"}", "listen: {x: \"/${service.name}\"}")).count == 1)
    }

    private static func two(_ first: String, _ second: String) -> String {
        "services:\n  a: {command: [x], \(first)}\n  b: {command: [x], \(second)}\n"
    }
}
