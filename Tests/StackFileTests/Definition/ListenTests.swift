import StackModel
import Testing

@testable import StackFile

@Suite struct ListenTests {
    @Test(arguments: [
        ("\"127.0.0.1:8000\"", ListenerSpec.Address.tcp(host: "127.0.0.1", port: 8000)),
        ("\":8000\"", .tcp(host: "0.0.0.0", port: 8000)),
        ("\"*:8000\"", .tcp(host: "*", port: 8000)),
        ("localhost:80", .tcp(host: "localhost", port: 80)),
        ("\"[::1]:80\"", .tcp(host: "::1", port: 80)),
        ("\"[::]:80\"", .tcp(host: "::", port: 80)), ("\"[0:0::1]:80\"", .tcp(host: "::1", port: 80)),
        ("{address: \"127.0.0.1:8000\"}", .tcp(host: "127.0.0.1", port: 8000)),
        ("udp:127.0.0.1:53", .udp(host: "127.0.0.1", port: 53)),
        ("127.0.0.1:53/udp", .udp(host: "127.0.0.1", port: 53)),
        ("\"udp::53\"", .udp(host: "0.0.0.0", port: 53)),
        ("\":53/udp\"", .udp(host: "0.0.0.0", port: 53)),
        ("\"*:53/udp\"", .udp(host: "*", port: 53)),
        ("\"udp:[::1]:53\"", .udp(host: "::1", port: 53)),
        ("/run/x.sock", .unix(path: "/run/x.sock", .stream)),
        ("./x.sock", .unix(path: "./x.sock", .stream)),
        ("\"unix:x.sock\"", .unix(path: "x.sock", .stream)),
        ("\"unix:${run_dir}/x.sock\"", .unix(path: Template(parts: [.runDirectory, .text("/x.sock")]), .stream)),
        ("\"${run_dir}/x.sock\"", .unix(path: Template(parts: [.runDirectory, .text("/x.sock")]), .stream)),
        ("unix-dgram:/run/log", .unix(path: "/run/log", .datagram)),
        ("\"@shop/x\"", .abstract(name: "shop/x", .stream)),
        ("\"unix:@shop\"", .abstract(name: "shop", .stream)),
        ("unix-dgram:@shop", .abstract(name: "shop", .datagram)),
        ("\"@${service.name}.x\"", .abstract(name: Template(parts: [.serviceName, .text(".x")]), .stream)),
    ])
    func addresses(text: String, address: ListenerSpec.Address) throws {
        #expect(try service("listen: {http: \(text)}").listeners == [ListenerSpec(name: "http", address: address)])
    }

    private static let words =
        "`HOST:PORT`, `:PORT`, `*:PORT`, `udp:HOST:PORT`, `unix:PATH`, `unix-dgram:PATH` or `\"@NAME\"`"

    @Test(arguments: [
        ("8000", "`http` cannot be `8000`; it is \(words)"),
        ("\"web:80\"", "`web` is no numeric address; it is one such as `127.0.0.1` or `[::1]`, or `localhost`"),
        ("\":0\"", "`0` is no port to listen on; for a free port use `ports: {http: auto}`"),
        ("\":70000\"", "`70000` is no port to listen on; it is a number from 1 to 65535"),
        ("\"udp::53/udp\"", "`53/udp` is no port to listen on; it is a number from 1 to 65535"),
        (
            "\"127.0.0.1:${port.x}\"",
            "`${port.x}` cannot stand in `http`; it has a value only for each replica, when stackd starts it"
        ),
        (
            "\"udp://0.0.0.0:53\"",
            "`//0.0.0.0` is no numeric address; it is one such as `127.0.0.1` or `[::1]`, or `localhost`"
        ),
        ("\"@\"", "`http` cannot be `@`; it is \(words)"),
        ("\"unix:\"", "`http` cannot be `unix:`; it is \(words)"),
        ("unix-dgram:@", "`http` cannot be `unix-dgram:@`; it is \(words)"),
        (
            "\"/${replica.index}.sock\"",
            "a listener belongs to the whole service, so it has no replica; leave `${replica.index}` and `${port.…}` out"
        ),
        (
            "\"@${replica.index}\"",
            "a listener belongs to the whole service, so it has no replica; leave `${replica.index}` and `${port.…}` out"
        ),
        (
            "\"/${listen.http.fd}\"",
            "`${listen.http.fd}` has no meaning here: no socket is inherited; it is for `command`, `entrypoint` and `environment`"
        ),
        (
            "\"/\(String(repeating: "x", count: 107))\"",
            "the path of a unix socket has 108 bytes; it has 107 at the most; a place under `${run_dir}` is shorter"
        ),
        (
            "\"@\(String(repeating: "x", count: 108))\"",
            "the name of a unix socket has 108 bytes; it has 107 at the most"
        ),
        ("[80]", "`http` cannot be a list; it is \(words)"),
        ("{}", "a listener needs `address`; it is \(words)"),
    ])
    func faultsOfAddresses(text: String, fault: String) {
        #expect(serviceFaults("listen: {http: \(text)}") == ["3:20: error: \(fault)"])
    }

    @Test(arguments: [
        (
            "address: \":80\", backlog: 128, reuse_port: true, keepalive: true, fastopen: 256",
            ListenerSpec.Options(backlog: 128, reusesPort: true, keepsAlive: true, fastOpenQueue: 256)
        ),
        ("address: \"udp::53\", reuse_port: true", ListenerSpec.Options(reusesPort: true)),
        (
            "address: /x, mode: \"0660\", user: shop, group: web, backlog: 1",
            ListenerSpec.Options(backlog: 1, mode: 0o660, user: "shop", group: "web")
        ),
        ("address: /x, mode: 0600, user: shop:web", ListenerSpec.Options(mode: 0o600, user: "shop", group: "web")),
        ("address: \"unix-dgram:/x\", group: 5", ListenerSpec.Options(group: "5")),
        ("address: \"@x\", backlog: 1", ListenerSpec.Options(backlog: 1)),
    ])
    func options(keys: String, options: ListenerSpec.Options) throws {
        #expect(try service("listen: {x: {\(keys)}}").listeners.map(\.options) == [options])
    }

    @Test(arguments: [
        (
            "address: \":80\", mode: \"0660\"",
            "3:40: error: a TCP socket has no `mode`; what it has is `backlog`, `reuse_port`, `keepalive`, `fastopen`"
        ),
        (
            "address: \"udp::53\", backlog: 5",
            "3:47: error: a UDP socket has no `backlog`; what it has is `reuse_port`"
        ),
        (
            "address: /x, keepalive: true",
            "3:42: error: a unix stream socket has no `keepalive`; what it has is `backlog`, `mode`, `user`, `group`"
        ),
        ("address: \"@x\", user: a", "3:39: error: an abstract stream socket has no `user`; what it has is `backlog`"),
        (
            "address: unix-dgram:@x, backlog: 1",
            "3:51: error: an abstract datagram socket has no `backlog`; leave it out"
        ),
        (
            "address: /x, owner: shop",
            "3:31: error: `owner` is `user` and `group` here; write `user: shop`, or `user: shop:web`"
        ),
        (
            "address: /x, mode: 660",
            "3:37: error: `mode` cannot be `660`; it is octal digits in quotes from \"0000\" to \"0777\", such as \"0660\""
        ),
        (
            "address: /x, user: a:b, group: c",
            "3:49: error: the group is given twice; keep `group`, or that of `user`"
        ),
        (
            "address: \":80\", fastopen: 0",
            "3:44: error: `fastopen` cannot be `0`; it is a whole number from 1 to 65535"
        ),
    ])
    func faultsOfOptions(keys: String, fault: String) {
        #expect(serviceFaults("listen: {x: {\(keys)}}") == [fault])
    }

    @Test func theDescriptorIsForTheInstancesAlone() throws {
        let spec = try service(
            """
            listen: {http: ":80"}
            command: [serve, --fd, "${listen.http.fd}"]
            environment: {FD: "fd://${listen.http.fd}"}
            """)
        #expect(spec.process.command.last == Template(parts: [.listenerDescriptor("http")]))
        #expect(spec.process.environment.map(\.value.description) == ["fd://${listen.http.fd}"])
    }

    @Test(arguments: [
        (
            "listen: {http: \":80\"}\nenvironment: {A: \"${listen.htp.fd}\"}",
            "4:22: error: `${listen.htp.fd}` leads to no listener of `web`; did you mean `http`?"
        ),
        (
            "environment: {A: \"${listen.http.fd}\"}",
            "3:22: error: `${listen.http.fd}` leads to no listener of `web`; add it: `listen: {http: …}`"
        ),
        (
            "listen: {http: \":80\"}\npre_stop: [a, \"${listen.http.fd}\"]",
            "4:19: error: `${listen.http.fd}` has no meaning here: no socket is inherited; it is for `command`, `entrypoint` and `environment`"
        ),
        (
            "listen: {http: \":80\"}\nprobes: {readiness: {exec: [a, \"${listen.http.fd}\"]}}",
            "4:36: error: `${listen.http.fd}` has no meaning here: no socket is inherited; it is for `command`, `entrypoint` and `environment`"
        ),
        (
            "listen: {http: \":80\"}\ncommand: [a, \"${listen.http.fd}\"]\nprobes: {readiness: {mcp: {stdio: true}}}",
            "5:26: error: the command has `${listen.http.fd}`, and a probe inherits no socket; name a command of the probe's own"
        ),
        (
            "listen: {http: \":80\"}\ncommand: [a, \"${listen.http}\"]",
            "4:19: error: `${listen.http}` is not known; there are `${replica.index}`, `${service.name}`, `${port.NAME}`, `${listen.NAME.fd}` and `${secret.NAME}`"
        ),
    ])
    func faultsOfReferences(keys: String, fault: String) {
        #expect(serviceFaults(keys) == [fault])
    }
}
