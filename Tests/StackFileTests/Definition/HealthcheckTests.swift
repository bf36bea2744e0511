import StackModel
import Testing

@testable import StackFile

@Suite struct HealthcheckTests {
    @Test(
        arguments: [
            ("[CMD, pg_isready, -q]", ["pg_isready", "-q"]),
            ("[CMD-SHELL, \"a || b\"]", ["/bin/sh", "-c", "a || b"]),
            ("a || b", ["/bin/sh", "-c", "a || b"]),
        ] as [(String, [Template])])
    func itMeansReadinessWithTheNumbersOfCompose(test: String, command: [Template]) throws {
        let probes = try service("healthcheck: {test: \(test)}").probes
        #expect(
            probes
                == ProbeSet(
                    readiness: ProbeSpec(
                        handler: .exec(command: command), period: .seconds(30), timeout: .seconds(30),
                        failureThreshold: 3)))
    }

    @Test func itsNumbers() throws {
        let probes = try service("healthcheck: {test: [CMD, a], interval: 1s, timeout: 2s, retries: 4}").probes
        #expect(
            probes
                == ProbeSet(
                    readiness: ProbeSpec(
                        handler: .exec(command: ["a"]), period: .seconds(1), timeout: .seconds(2), failureThreshold: 4))
        )
    }

    @Test func whileItStartsFailuresDoNotCount() throws {
        let keys = "healthcheck: {test: [CMD, a], start_period: 1m, start_interval: 2s}"
        let startup = try #require(try service(keys).probes.startup)
        #expect(startup.handler == .exec(command: ["a"]))
        #expect(startup.period == .seconds(2))
        #expect(startup.failureThreshold == 1_000_000_000)
        #expect(try service("healthcheck: {test: [CMD, a], start_period: 1m}").probes.startup?.period == .seconds(5))
        #expect(try service("healthcheck: {test: [CMD, a], start_period: 0s}").probes.startup == nil)
    }

    @Test(arguments: ["{test: [NONE]}", "{disable: true}", "{test: [CMD, a], disable: true}"])
    func switchedOff(check: String) throws {
        #expect(try service("healthcheck: \(check)").probes == ProbeSet())
    }

    @Test(arguments: [
        (
            "healthcheck: {interval: 1s}",
            "3:18: error: the healthcheck has no `test`; give it one such as `[CMD, pg_isready]`, or `disable: true`"
        ),
        (
            "healthcheck: {test: [pg_isready]}",
            "3:25: error: `test` cannot be a list; it is a line for the shell, or a list that begins with CMD, CMD-SHELL or NONE"
        ),
        (
            "healthcheck: {test: [CMD]}",
            "3:25: error: `test` cannot be a list; it is a line for the shell, or a list that begins with CMD, CMD-SHELL or NONE"
        ),
        (
            "healthcheck: {test: [CMD, a], interval: 0s}",
            "3:45: error: `interval` cannot be `0s`; it is a duration longer than 0, such as `10s`, `500ms` or `1m30s`"
        ),
        (
            "healthcheck: {test: [CMD, a], retries: 0}",
            "3:44: error: `retries` cannot be `0`; it is a whole number from 1 to 1000000"
        ),
        (
            "healthcheck: {test: [CMD, a], retry: 1}",
            "3:35: error: unknown key `retry`; a healthcheck has `test`, `disable`, `interval`, `timeout`, `retries`, `start_period`, `start_interval`"
        ),
        (
            "healthcheck: {test: [CMD, a]}\nprobes: {readiness: {exec: [b]}}",
            "3:18: error: `healthcheck` and `probes.readiness` both tell the readiness; keep one of them"
        ),
        (
            "healthcheck: {test: [CMD, a], start_period: 1s}\nprobes: {startup: {exec: [b]}}",
            "3:49: error: `start_period` and `probes.startup` both tell what a start may take; keep one of them"
        ),
    ])
    func healthcheckFaults(keys: String, fault: String) {
        #expect(serviceFaults(keys) == [fault])
    }
}
