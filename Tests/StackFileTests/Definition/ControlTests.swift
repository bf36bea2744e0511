import StackModel
import Testing

@testable import StackFile

@Suite struct ControlTests {
    /// A file with this value of `control`, which stands in line 1, column 10.
    private func file(_ control: String) -> String { "control: \(control)\nservices: {web: {command: [a]}}\n" }

    @Test(arguments: [
        ("{}", ControlSpec()),
        ("{access: {}}", ControlSpec()),
        (
            "{access: {admin: {users: [0]}, read: {users: [grafana, 1000], groups: [staff]}, operate: {groups: [ops]}}}",
            ControlSpec(grants: [
                ControlSpec.Grant(role: .read, users: ["grafana", "1000"], groups: ["staff"]),
                ControlSpec.Grant(role: .operate, groups: ["ops"]), ControlSpec.Grant(role: .admin, users: ["0"]),
            ])
        ),
        (
            "{listen: \"127.0.0.1:9000\", tokens: [{name: a, role: read, file: a.token}, {name: b, role: admin, file: /etc/b}]}",
            ControlSpec(
                listener: ControlSpec.Listener(host: "127.0.0.1", port: 9000),
                tokens: [
                    ControlSpec.Token(name: "a", role: .read, file: "/srv/shop/a.token"),
                    ControlSpec.Token(name: "b", role: .admin, file: "/etc/b"),
                ])
        ),
        (
            "{listen: \"[::1]:9000\", tokens: [{name: a, role: operate, file: /a}]}",
            ControlSpec(
                listener: ControlSpec.Listener(host: "::1", port: 9000),
                tokens: [ControlSpec.Token(name: "a", role: .operate, file: "/a")])
        ),
        (
            "{listen: \"localhost:9000\", tokens: [{name: a, role: operate, file: /a}]}",
            ControlSpec(
                listener: ControlSpec.Listener(host: "127.0.0.1", port: 9000),
                tokens: [ControlSpec.Token(name: "a", role: .operate, file: "/a")])
        ),
    ])
    func forms(control: String, spec: ControlSpec) {
        let result = load(file(control))
        #expect(result.diagnostics.map(\.text) == [])
        #expect(result.spec?.control == spec)
    }

    @Test func withoutTheKeyNobodyElseGetsIn() {
        #expect(load("services: {web: {command: [a]}}").spec?.control == ControlSpec())
    }

    @Test(arguments: [
        ("{acces: {}}", "1:11: error: unknown key `acces`; did you mean `access`?"),
        ("{access: {write: {}}}", "1:20: error: unknown key `write`; `access` has `read`, `operate`, `admin`"),
        ("{access: {read: [a]}}", "1:26: error: `read` cannot be a list; it is a mapping with `users`, `groups`"),
        ("{access: {read: {users: a}}}", "1:34: error: `users` cannot be `a`; it is a list of users"),
        (
            "{access: {read: {users: [\"a:b\"]}}}",
            "1:35: error: `users` cannot be `a:b`; it is the name or number of a user"
        ),
        (
            "{access: {read: {groups: [-1]}}}",
            "1:36: error: `groups` cannot be `-1`; it is the name or number of a group"
        ),
        (
            "{listen: \"127.0.0.1:9000\"}",
            "1:19: error: nobody could use the listener: no process can be told by its address; add `tokens: [{name: …, role: read, file: …}]`"
        ),
        (
            "{listen: \"127.0.0.1:9000\", tokens: []}",
            "1:19: error: nobody could use the listener: no process can be told by its address; add `tokens: [{name: …, role: read, file: …}]`"
        ),
        (
            "{tokens: [{name: a, role: read, file: /a}]}",
            "1:19: error: tokens are for the TCP listener, and there is none; add `listen: 127.0.0.1:PORT`, or grant `access` on the control socket"
        ),
        (
            "{listen: \"0.0.0.0:9000\", tokens: [{name: a, role: read, file: /a}]}",
            "1:19: error: what is sent to `0.0.0.0:9000` could be read on its way, tokens included; listen on `127.0.0.1:9000`, and reach it by an ssh tunnel or a reverse proxy with TLS"
        ),
        (
            "{listen: \":9000\", tokens: [{name: a, role: read, file: /a}]}",
            "1:19: error: what is sent to `:9000` could be read on its way, tokens included; listen on `127.0.0.1:9000`, and reach it by an ssh tunnel or a reverse proxy with TLS"
        ),
        (
            "{listen: 9000, tokens: [{name: a, role: read, file: /a}]}",
            "1:19: error: `listen` cannot be `9000`; it is `127.0.0.1:PORT` or `[::1]:PORT`"
        ),
        (
            "{listen: \"127.0.0.1:0\", tokens: [{name: a, role: read, file: /a}]}",
            "1:19: error: `listen` cannot be `127.0.0.1:0`; it is `127.0.0.1:PORT` or `[::1]:PORT`"
        ),
        (
            "{listen: \"127.0.0.1:9\", tokens: [{name: a, role: root, file: /a}]}",
            "1:59: error: `role` cannot be `root`; it is `read`, `operate` or `admin`"
        ),
        (
            "{listen: \"127.0.0.1:9\", tokens: [{name: a, role: read}]}",
            "1:43: error: a token needs `file`; it is a path"
        ),
        (
            "{listen: \"127.0.0.1:9\", tokens: [{name: a b, role: read, file: /a}]}",
            "1:50: error: `name` cannot be `a b`; it is a letter, then letters, digits, `_` and `-`, 63 at the most"
        ),
        (
            "{listen: \"127.0.0.1:9\", tokens: [{name: a, role: read, file: /a}, {name: a, role: read, file: /b}]}",
            "1:76: error: two tokens are named `a`; give each its own name, by which the audit log tells them apart"
        ),
    ])
    func controlFaults(control: String, fault: String) {
        #expect(faults(file(control)) == [fault])
    }

    @Test func aTokenOfAnIncludedFileIsBesideIt() {
        let result = StackFile.load(
            files: ["/srv/stack.yaml"], environment: [:],
            from: MemoryFileSystem([
                "/srv/stack.yaml": "include: [ops/control.yaml]\nservices: {web: {command: [a]}}",
                "/srv/ops/control.yaml":
                    "control: {listen: \"127.0.0.1:9\", tokens: [{name: a, role: read, file: a.token}]}",
            ]), in: "/")
        #expect(result.spec?.control.tokens.map(\.file) == ["/srv/ops/a.token"], "\(result.diagnostics.map(\.text))")
    }
}
