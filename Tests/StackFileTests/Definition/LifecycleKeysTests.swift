import StackModel
import Testing

@testable import StackFile

@Suite struct LifecycleKeysTests {
    @Test(arguments: [
        ("", RestartSpec.Mode.onFailure(maximumRetries: nil)),
        ("restart: no", .no), ("restart: \"no\"", .no), ("restart: on-failure", .onFailure(maximumRetries: nil)),
        ("restart: on-failure:5", .onFailure(maximumRetries: 5)), ("restart: always", .always),
        ("restart: unless-stopped", .unlessStopped), ("restart: {policy: always}", .always),
        ("restart: {policy: on-failure:2}", .onFailure(maximumRetries: 2)),
        ("restart: {}", .onFailure(maximumRetries: nil)),
        ("deploy: {restart_policy: {condition: none}}", .no),
        ("deploy: {restart_policy: {condition: on-failure, max_attempts: 4}}", .onFailure(maximumRetries: 4)),
        ("deploy: {restart_policy: {condition: any}}", .always), ("deploy: {restart_policy: {delay: 1s}}", .always),
    ])
    func restart(keys: String, mode: RestartSpec.Mode) throws {
        #expect(try service(keys).restart.mode == mode)
    }

    @Test func backoff() throws {
        let standard = RestartSpec.Backoff(initial: .milliseconds(500), factorThousandths: 2000, maximum: .seconds(60))
        #expect(try service("").restart.backoff == standard)
        let own = try service("restart: {backoff: {initial: 1s, factor: 1.5, max: 5s}}").restart.backoff
        #expect(own == RestartSpec.Backoff(initial: .seconds(1), factorThousandths: 1500, maximum: .seconds(5)))
        #expect(try service("restart: {backoff: {initial: 2m}}").restart.backoff.maximum == .seconds(120))
        #expect(try service("restart: {backoff: {max: 100ms}}").restart.backoff.initial == .milliseconds(100))
        let compose = try service("deploy: {restart_policy: {delay: 5s}}").restart.backoff
        #expect(compose == RestartSpec.Backoff(initial: .seconds(5), factorThousandths: 1000, maximum: .seconds(5)))
    }

    @Test(arguments: [
        "restart: {restarts: 5, within: 1m}", "restart: {budget: {restarts: 5, within: 1m}}",
        "deploy: {restart_policy: {max_attempts: 5, window: 60s}}",
    ])
    func budget(keys: String) throws {
        #expect(try service(keys).restart.budget == RestartSpec.Budget(restarts: 5, within: .seconds(60)))
    }

    private static let policies = "`\"no\"`, `on-failure`, `on-failure:5`, `always` or `unless-stopped`"

    @Test(arguments: [
        ("restart: allways", "3:14: error: `restart` cannot be `allways`; it is \(policies)"),
        ("restart: false", "3:14: error: `restart` cannot be `false`; it is \(policies)"),
        ("restart: on-failure:0", "3:14: error: `restart` cannot be `on-failure:0`; it is \(policies)"),
        ("restart: {policy: x}", "3:23: error: `policy` cannot be `x`; it is \(policies)"),
        (
            "restart: {backoff: {initial: 0s}}",
            "3:34: error: `initial` cannot be `0s`; it is a duration longer than 0, such as `10s`, `500ms` or `1m30s`"
        ),
        (
            "restart: {backoff: {factor: 0.5}}",
            "3:33: error: `factor` cannot be `0.5`; it is a number from 1 to 100, such as `1.5`"
        ),
        ("restart: {backoff: {initial: 10s, max: 5s}}", "3:44: error: `max` is below `initial`; it is `10s` or longer"),
        ("restart: {restarts: 5}", "3:25: error: `restarts` has no `within`; add one, such as `within: 1m`"),
        ("restart: {within: 1m}", "3:23: error: `within` has no `restarts`; add one, such as `restarts: 5`"),
        (
            "restart: {budget: {restarts: 5}}",
            "3:23: error: `budget` needs `within`; it is a duration longer than 0, such as `10s`, `500ms` or `1m30s`"
        ),
        (
            "restart: {restarts: 5, within: 1m, budget: {restarts: 5, within: 1m}}",
            "3:25: error: the budget is given twice; keep `budget`"
        ),
        (
            "restart: always\ndeploy: {restart_policy: {condition: any}}",
            "3:14: error: `restart` and `deploy.restart_policy` (at 4:30) are both given; keep one of them"
        ),
        (
            "deploy: {restart_policy: {max_attempts: 5}}",
            "3:45: error: `max_attempts` has no `window`; add one, such as `window: 10m`"
        ),
        (
            "deploy: {restart_policy: {window: 5s}}",
            "3:39: error: `window` has no `max_attempts`; add one, such as `max_attempts: 5`"
        ),
    ])
    func restartFaults(keys: String, fault: String) {
        #expect(serviceFaults(keys) == [fault])
    }

    @Test func stop() throws {
        #expect(
            try service("").stop == StopSpec(preStop: nil, drain: .zero, signal: .terminate, gracePeriod: .seconds(10)))
        let own = try service("stop_signal: INT\nstop_grace_period: 1m30s\ndrain: 5s\npre_stop: [a, b]").stop
        #expect(
            own == StopSpec(preStop: ["a", "b"], drain: .seconds(5), signal: .interrupt, gracePeriod: .seconds(90)))
        #expect(try service("stop_grace_period: 0s").stop.gracePeriod == .zero)
        #expect(try service("stop_signal: SIGRTMIN+3").stop.signal == Signal(number: 37))
        #expect(try service("stop_signal: 12").stop.signal == Signal(number: 12))
    }

    @Test(arguments: ["pre_stop: [a, b]", "pre_stop: a b", "pre_stop: {exec: [a, b]}", "pre_stop: [{command: a b}]"])
    func hooks(keys: String) throws {
        #expect(try service("entrypoint: [x]\n\(keys)").stop.preStop == ["a", "b"])
    }

    @Test(arguments: [
        (
            "stop_signal: 99",
            "3:18: error: `stop_signal` cannot be `99`; it is a signal such as `SIGTERM`, `SIGRTMIN+3` or 1 to 64"
        ),
        (
            "stop_signal: SIGTREM",
            "3:18: error: `stop_signal` cannot be `SIGTREM`; it is a signal such as `SIGTERM`, `SIGRTMIN+3` or 1 to 64"
        ),
        (
            "stop_grace_period: 10",
            "3:24: error: `stop_grace_period` cannot be `10`; it is a duration such as `10s`, `500ms` or `1m30s`"
        ),
        ("drain: -5s", "3:12: error: `drain` cannot be `-5s`; it is a duration such as `10s`, `500ms` or `1m30s`"),
        ("pre_stop: []", "3:15: error: the command is empty; its first word is the program"),
        ("pre_stop: {run: a}", "3:16: error: unknown key `run`; a hook has `exec`"),
        (
            "command: x\npre_stop: [{command: a}, {command: b}]",
            "4:30: error: `pre_stop` has more than one command; put them into one: `[sh, -c, \"…\"]`"
        ),
    ])
    func stopFaults(keys: String, fault: String) {
        #expect(serviceFaults(keys) == [fault])
    }

    @Test func notifyAndWatchdog() throws {
        #expect(try service("notify: true").notify)
        #expect(try !service("").notify)
        #expect(try service("watchdog: 30s").watchdog == .seconds(30))
        #expect(try service("").watchdog == nil)
        #expect(
            serviceFaults("watchdog: 0s") == [
                "3:15: error: `watchdog` cannot be `0s`; it is a duration longer than 0, such as `10s`, `500ms` or `1m30s`"
            ])
    }

    @Test(
        arguments: [
            ("", nil), ("notify: true", .seconds(90)), ("notify: true\nprobes: {startup: {exec: [a]}}", nil),
            ("notify: true\nprobes: {readiness: {exec: [a]}}", .seconds(90)), ("start_timeout: 5s", .seconds(5)),
            ("notify: true\nstart_timeout: 5s", .seconds(5)), ("notify: true\nstart_timeout: infinity", nil),
            ("notify: true\nstart_timeout: 0", nil),
        ] as [(String, Duration?)])
    func startTimeout(keys: String, limit: Duration?) throws {
        #expect(try service(keys).startTimeout == limit)
    }

    @Test func startTimeoutFault() {
        #expect(
            serviceFaults("start_timeout: never") == [
                "3:20: error: `start_timeout` cannot be `never`; it is a duration such as `90s`, or `infinity`"
            ])
    }
}
