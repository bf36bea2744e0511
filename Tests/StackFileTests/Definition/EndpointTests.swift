import StackModel
import Testing

@testable import StackFile

@Suite struct EndpointTests {
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
        ("127.0.0.1:80", "127.0.0.1:80"), ("0.0.0.0:80", "127.0.0.1:80"), ("127.0.0.1:80", "*:80"),
        ("*:80", "[::1]:80"), ("*:80", "*:80"), ("[::]:80", "[::1]:80"), ("localhost:80", "127.0.0.1:80"),
        ("[::1]:80", "localhost:80"), ("[::1]:80", "[0:0:0::1]:80"), ("*:80", "localhost:80"),
    ])
    func listenersThatCannotBothBeBound(first: String, second: String) {
        #expect(
            faults(Self.two("listen: {x: \"\(first)\"}", "listen: {x: \"\(second)\"}")) == [
                "3:33: error: `a` and `b` both bind port 80, first at 2:33; give one of them another port"
            ])
    }

    @Test(arguments: [
        ("127.0.0.1:80", "127.0.0.1:81"), ("127.0.0.1:80", "127.0.0.2:80"), ("127.0.0.1:80", "[::1]:80"),
        ("0.0.0.0:80", "[::1]:80"), ("localhost:80", "127.0.0.2:80"), ("[::]:80", "0.0.0.0:80"),
        ("127.0.0.1:80", "udp:127.0.0.1:80"), ("udp:127.0.0.1:80", "udp:127.0.0.2:80"), ("@x", "unix-dgram:@x"),
        ("@x", "/x"),
    ])
    func listenersThatCanBothBeBound(first: String, second: String) {
        #expect(faults(Self.two("listen: {x: \"\(first)\"}", "listen: {x: \"\(second)\"}")) == [])
    }

    @Test func udpPortsAreAmongThemselves() {
        #expect(
            faults(Self.two("listen: {x: \"udp:*:53\"}", "listen: {x: \"127.0.0.1:53/udp\"}")) == [
                "3:33: error: `a` and `b` both bind UDP port 53, first at 2:33; give one of them another port"
            ])
        #expect(faults(Self.two("ports: {x: 53}", "listen: {x: \"udp:*:53\"}")) == [])
    }

    @Test func whoReusesAPortSharesItWithItsLike() {
        let (reuser, other) = ("listen: {x: {address: \":80\", reuse_port: true}}", "listen: {x: \":80\"}")
        #expect(faults(Self.two(reuser, reuser)) == [])
        #expect(faults(Self.two(reuser, other)).count == 1)
        #expect(faults(Self.two(other, reuser)).count == 1)
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
        #expect(faults(Self.two("listen: {x: \"/b\"}", "listen: {x: \"unix-dgram:/b\"}")).count == 1)
        #expect(
            faults(Self.two("listen: {x: \"@x\"}", "listen: {x: \"unix:@x\"}")) == [
                "3:33: error: the socket `@x` is there twice, first at 2:33; give each its own name"
            ])
    }

    private static func two(_ first: String, _ second: String) -> String {
        "services:\n  a: {command: [x], \(first)}\n  b: {command: [x], \(second)}\n"
    }
}
