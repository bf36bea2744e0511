import StackModel
import Testing

@testable import StackFile

@Suite struct ProcessKeysTests {
    @Test(
        arguments: [
            ("command: [serve, --port, 80]", ["serve", "--port", "80"]),
            ("command: serve --port 80", ["serve", "--port", "80"]),
            ("command: sh -c 'a b | c' \"d \\\"e\\\"\" f\\ g", ["sh", "-c", "a b | c", "d \"e\"", "f g"]),
            ("command: [serve, \"\"]", ["serve", ""]),
            ("command: [echo, true, 1.5]", ["echo", "true", "1.5"]),
            ("entrypoint: [env, -i]\ncommand: serve --port 80", ["env", "-i", "serve", "--port", "80"]),
            ("entrypoint: env -i\ncommand: [serve]", ["env", "-i", "serve"]),
            ("entrypoint: [serve]", ["serve"]),
            ("command: [echo, \"$$HOME\"]", ["echo", "$HOME"]),
        ] as [(String, [Template])])
    func command(keys: String, words: [Template]) throws {
        #expect(try service(keys).process.command == words)
    }

    @Test func commandRefersToWhatTheDaemonFills() throws {
        let command = try service(
            """
            command: [serve, "${state_dir}/pg-${replica.index}", "${port.admin}", "${service.name}"]
            ports: {admin: auto}
            """
        ).process.command
        #expect(command[1].parts == [.stateDirectory, .text("/pg-"), .replicaIndex])
        #expect(command[2].parts == [.port("admin")])
        #expect(command[3].parts == [.serviceName])
    }

    @Test(arguments: [
        ("command: \"\"", "3:14: error: the command is empty; its first word is the program"),
        ("command: []", "3:14: error: the command is empty; its first word is the program"),
        ("command: [\"\", a]", "3:14: error: the command is empty; its first word is the program"),
        (
            "command: {a: b}",
            "3:14: error: `command` cannot be a mapping; it is a list such as `[./serve, --port, \"80\"]`, or a line that is split as a shell would"
        ),
        (
            "command:",
            "3:13: error: `command` has no value; it is a list such as `[./serve, --port, \"80\"]`, or a line that is split as a shell would"
        ),
        ("command: [a, [b]]", "3:18: error: `command` cannot be a list; it is a word of a command"),
        ("command: echo 'a", "3:14: error: a quote of `command` is not closed; add `'`, or write a list"),
        (
            "command: a && b",
            "3:14: error: no shell runs `command`, so `&&` has no meaning; write `[sh, -c, \"…\"]`, or quote it"
        ),
        ("command: [a, \"\\0\"]", "3:18: error: a NUL character cannot be handed to a program; leave `\\0` out"),
    ])
    func commandFaults(keys: String, fault: String) {
        #expect(serviceFaults(keys) == [fault])
    }

    @Test func aServiceNeedsACommand() {
        #expect(
            faults("services: {web: {}}") == [
                "1:12: error: service `web` has no `command`; name a program of the host: `command: [./web]`"
            ])
    }

    @Test(arguments: [
        "environment: {B: two, A: \"1\", C: true, D: 1.50, E: \"\"}",
        "environment: [B=two, A=1, C=true, D=1.50, E=]",
        "environment: [B=none, A=1, C=true, B=two, D=1.50, E=]",
    ])
    func environment(keys: String) throws {
        let environment = try service(keys).process.environment
        #expect(environment.map(\.name) == ["A", "B", "C", "D", "E"])
        #expect(environment.map(\.value.description) == ["1", "two", "true", "1.50", ""])
    }

    @Test(arguments: ["environment: [HOME, GONE, A=1]", "environment: {HOME: , GONE: , A: 1}"])
    func aNameAloneTakesItsValueFromOutside(keys: String) throws {
        let environment = try service(keys, environment: ["HOME": "/ho$me"]).process.environment
        #expect(environment.map(\.name) == ["A", "HOME"])
        #expect(environment.last?.value.parts == [.text("/ho$me")])
    }

    @Test(arguments: [
        ("environment: [\"=x\"]", "3:19: error: `environment` cannot be `=x`; it is `NAME=value`"),
        ("environment: {\"A=B\": x}", "3:19: error: `A=B` is no name of a variable; it is any text without `=`"),
        ("environment: {A: [x]}", "3:22: error: `A` cannot be a list; it is a text"),
        (
            "environment: x",
            "3:18: error: `environment` cannot be `x`; it is a mapping of variables, or a list of `NAME=value`"
        ),
    ])
    func environmentFaults(keys: String, fault: String) {
        #expect(serviceFaults(keys) == [fault])
    }

    @Test func workingDirectory() throws {
        #expect(
            try service("working_dir: \"${state_dir}/x\"").process.workingDirectory?.parts == [
                .stateDirectory, .text("/x"),
            ])
        #expect(try service("").process.workingDirectory == nil)
        #expect(serviceFaults("working_dir: \"\"") == ["3:18: error: `working_dir` cannot be ``; it is a directory"])
    }

    @Test func user() throws {
        #expect(try service("user: shop").process.user == "shop")
        #expect(try service("user: 1000").process.user == "1000")
        let both = try service("user: shop:web").process
        #expect(both.user == "shop")
        #expect(both.group == "web")
        #expect(try service("user: shop\ngroup: 100").process.group == "100")
        #expect(try service("group_add: [audio, 44]").process.supplementaryGroups == ["audio", "44"])
    }

    @Test(arguments: [
        (
            "user: a:b:c",
            "3:11: error: `user` cannot be `a:b:c`; it is a name or a number, perhaps with a group: `shop`, `1000`, `shop:web`"
        ),
        (
            "user: 4294967295",
            "3:11: error: `user` cannot be `4294967295`; it is a name or a number, perhaps with a group: `shop`, `1000`, `shop:web`"
        ),
        (
            "user: \"${run_dir}\"",
            "3:11: error: `${run_dir}` cannot stand in `user`; it has a value only for each replica, when stackd starts it"
        ),
        ("user: a:b\ngroup: c", "4:12: error: the group is given twice; keep `group`, or that of `user`"),
        ("group: -x", "3:12: error: `group` cannot be `-x`; it is the name or number of a group"),
        ("group_add: audio", "3:16: error: `group_add` cannot be `audio`; it is a list of groups"),
    ])
    func userFaults(keys: String, fault: String) {
        #expect(serviceFaults(keys) == [fault])
    }

    @Test(arguments: [
        ("umask: \"0027\"", 0o027), ("umask: 0027", 0o027), ("umask: \"77\"", 0o077), ("umask: \"0\"", 0),
    ])
    func umask(keys: String, mask: UInt16) throws {
        #expect(try service(keys).process.umask == mask)
    }

    @Test(arguments: ["27", "\"0888\"", "\"1000\"", "\"\"", "u=rwx"])
    func umaskFaults(text: String) {
        let shown = text.filter { $0 != "\"" }
        #expect(
            serviceFaults("umask: \(text)") == [
                "3:12: error: `umask` cannot be `\(shown)`; it is octal digits in quotes from \"0000\" to \"0777\", such as \"0027\""
            ])
    }

    @Test func limits() throws {
        let limits = try service("ulimits: {nproc: -1, nofile: {soft: 1024, hard: 65536}, core: 0}").process.limits
        #expect(
            limits == [
                ResourceLimit(resource: .core, soft: 0, hard: 0),
                ResourceLimit(resource: .openFiles, soft: 1024, hard: 65536),
                ResourceLimit(resource: .processes, soft: nil, hard: nil),
            ])
    }

    @Test(arguments: [
        ("ulimits: {nofile: -2}", "3:23: error: `nofile` cannot be `-2`; it is a whole number, or -1 for no limit"),
        (
            "ulimits: {nofile: {soft: 2, hard: 1}}",
            "3:30: error: `soft` is above `hard`; a program starts below what it may raise"
        ),
        (
            "ulimits: {nofile: {soft: -1, hard: 1}}",
            "3:30: error: `soft` is above `hard`; a program starts below what it may raise"
        ),
        ("ulimits: {nofile: {soft: 2}}", "3:23: error: a limit needs `hard`; it is a whole number, or -1 for no limit"),
        (
            "ulimits: {nofiles: 2}",
            "3:15: error: `nofiles` is no name of a limit; it is one of as, core, cpu, data, fsize, locks, memlock, msgqueue, nice, nofile, nproc, rss, rtprio, rttime, sigpending, stack"
        ),
    ])
    func limitFaults(keys: String, fault: String) {
        #expect(serviceFaults(keys) == [fault])
    }

    @Test func priorities() throws {
        #expect(try service("nice: -20").process.nice == -20)
        #expect(try service("oom_score_adj: 500").process.oomScoreAdjustment == 500)
        #expect(
            serviceFaults("nice: 40") == ["3:11: error: `nice` cannot be `40`; it is a whole number from -20 to 19"])
        #expect(
            serviceFaults("oom_score_adj: -1001") == [
                "3:20: error: `oom_score_adj` cannot be `-1001`; it is a whole number from -1000 to 1000"
            ])
    }

    @Test(arguments: [
        ("no_new_privileges: true", true), ("no_new_privileges: no", false), ("", false),
        ("security_opt: [no-new-privileges:true]", true), ("security_opt: [no-new-privileges]", true),
        ("security_opt: [no-new-privileges=false]", false),
    ])
    func noNewPrivileges(keys: String, isOn: Bool) throws {
        #expect(try service(keys).process.noNewPrivileges == isOn)
    }

    @Test(arguments: [
        (
            "security_opt: [seccomp=unconfined]",
            "3:20: error: `security_opt` cannot be `seccomp=unconfined`; it is `no-new-privileges:true`"
        ),
        ("no_new_privileges: maybe", "3:24: error: `no_new_privileges` cannot be `maybe`; it is `true` or `false`"),
        (
            "no_new_privileges: false\nsecurity_opt: [no-new-privileges]",
            "3:24: error: `no_new_privileges` and `security_opt` contradict each other; keep one of them"
        ),
    ])
    func noNewPrivilegesFaults(keys: String, fault: String) {
        #expect(serviceFaults(keys) == [fault])
    }

    @Test func standardInput() throws {
        #expect(try service("stdin_open: true").process.keepsStandardInputOpen)
        #expect(try !service("").process.keepsStandardInputOpen)
    }
}
