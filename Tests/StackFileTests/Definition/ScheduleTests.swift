import StackModel
import Testing

@testable import StackFile

@Suite struct ScheduleTests {
    private func nightly() throws -> ScheduleSpec.Trigger { .cron(try CronExpression("0 3 * * *"), zone: .utc) }

    @Test func forms() throws {
        #expect(try service("").schedule == nil)
        #expect(try service("schedule: 0 3 * * *").schedule == ScheduleSpec(trigger: nightly()))
        #expect(try service("schedule: {cron: 0 3 * * *, time_zone: UTC}").schedule == ScheduleSpec(trigger: nightly()))
        #expect(try service("schedule: {every: 15m}").schedule == ScheduleSpec(trigger: .interval(.seconds(900))))
        let all = try service("schedule: {every: 1s, overlap: replace, run_on_start: true, history: 0}").schedule
        #expect(
            all == ScheduleSpec(trigger: .interval(.seconds(1)), overlap: .replace, runsOnStart: true, history: 0))
    }

    @Test func aScheduledServiceIsNotRestartedUnlessItSaysSo() throws {
        #expect(try service("schedule: \"@daily\"").restart.mode == .no)
        #expect(
            try service("schedule: \"@daily\"\nrestart: on-failure:3").restart.mode == .onFailure(maximumRetries: 3))
        #expect(try service("schedule: \"@daily\"\nrestart: {backoff: {initial: 1s}}").restart.mode == .no)
        #expect(try !service("schedule: \"@daily\"").shouldStayUp)
    }

    @Test func whenItRunsIsNoPartOfTheRevision() throws {
        let revisions = try [
            "", "schedule: \"@daily\"\nrestart: on-failure", "schedule: {every: 5s}\nrestart: on-failure",
            "develop: {watch: [{path: a}]}", "replicas: 3",
        ].map { try service($0).revision }
        #expect(Set(revisions).count == 1)
        #expect(try service("nice: 1").revision != revisions[0])
    }

    @Test func itWaitsForNothingButIsWaitedForWhereItRunsOnStart() throws {
        let all = try services(
            """
            services:
              job: {command: [a], schedule: {every: 1h, run_on_start: true}}
              web: {command: [a], depends_on: {job: {condition: service_completed_successfully}}}
            """)
        #expect(all["web"]?.dependencies.first?.condition == .completedSuccessfully)
        #expect(
            faults(
                """
                services:
                  job: {command: [a], schedule: {every: 1h}}
                  web: {command: [a], depends_on: [job]}
                """) == [
                    "3:36: error: `job` runs by its schedule, so nothing can wait for it; let it `run_on_start`, or do not depend on it"
                ])
    }

    @Test(arguments: [
        (
            "schedule: {}",
            "3:15: error: the schedule does not tell when it runs; add `cron: \"0 3 * * *\"` or `every: 15m`"
        ),
        (
            "schedule: {overlap: skip}",
            "3:15: error: the schedule does not tell when it runs; add `cron: \"0 3 * * *\"` or `every: 15m`"
        ),
        (
            "schedule: {cron: 0 3 * * *, every: 1h}",
            "3:40: error: `cron` and `every` both tell when it runs; keep one of them"
        ),
        ("schedule: {every: 1h, time_zone: UTC}", "3:38: error: an interval has no time zone; leave `time_zone` out"),
        (
            "schedule: {every: 999ms}",
            "3:23: error: `every` cannot be `999ms`; it is a duration of `1s` at least, such as `15m`"
        ),
        (
            "schedule: {every: often}",
            "3:23: error: `every` cannot be `often`; it is a duration of `1s` at least, such as `15m`"
        ),
        ("schedule: {cron: 0 25 * * *}", "3:22: error: the hour `25` cannot hold `25`; it is a number from 0 to 23"),
        ("schedule: every 15m", "3:15: error: this is an interval, not a cron expression; write `{every: 15m}`"),
        (
            "schedule: 0 0 30 2 *",
            "3:15: error: `30 2` is a day that no year has; name a day that one of the months has"
        ),
        ("schedule: {every: 1h, overlap: skipp}", "3:36: error: `overlap` cannot be `skipp`; did you mean `skip`?"),
        (
            "schedule: {every: 1h, history: 101}",
            "3:36: error: `history` cannot be `101`; it is a whole number from 0 to 100"
        ),
        (
            "schedule: [a]",
            "3:15: error: `schedule` cannot be a list; it is a cron expression such as `0 3 * * *`, or a mapping with `cron` or `every`"
        ),
        ("schedule: {evry: 1h}", "3:16: error: unknown key `evry`; did you mean `every`?"),
        (
            "schedule: \"@daily\"\nrestart: always",
            "4:14: error: a scheduled service ends, and is not restarted but by its schedule; use `restart: \"no\"` or `on-failure`, or leave out the `schedule`"
        ),
        (
            "schedule: \"@daily\"\nreplicas: 2",
            "4:15: error: a scheduled service has one replica, whose runs follow each other; leave out the number of replicas, or the `schedule`"
        ),
        (
            "schedule: \"@daily\"\ndeploy: {replicas: 0}",
            "4:24: error: a scheduled service has one replica, whose runs follow each other; leave out the number of replicas, or the `schedule`"
        ),
        (
            "schedule: \"@daily\"\nlisten: {http: \":80\"}",
            "4:13: error: nobody accepts from a scheduled service's sockets between its runs; leave out `listen`, or the `schedule`"
        ),
        (
            "schedule: \"@daily\"\nprobes: {readiness: {tcp: 80}}",
            "4:25: error: a scheduled service serves nobody, so `probes.readiness` has no meaning for it; leave it out; a liveness probe ends a run that hangs"
        ),
        (
            "schedule: \"@daily\"\nhealthcheck: {test: a}",
            "4:18: error: a scheduled service serves nobody, so `healthcheck` has no meaning for it; leave it out; a liveness probe ends a run that hangs"
        ),
        (
            "schedule: \"@daily\"\nnotify: true",
            "4:13: error: a scheduled service serves nobody, so `notify` has no meaning for it; leave it out; a liveness probe ends a run that hangs"
        ),
        (
            "schedule: \"@daily\"\nwatchdog: 10s",
            "4:15: error: a scheduled service serves nobody, so `watchdog` has no meaning for it; leave it out; a liveness probe ends a run that hangs"
        ),
    ])
    func scheduleFaults(keys: String, fault: String) {
        #expect(serviceFaults(keys) == [fault])
    }

    @Test func autoscaleContradictsASchedule() {
        let found = load(file("schedule: \"@daily\"\nautoscale: {max: 3, metrics: [{cpu: 70%}]}")).diagnostics
        #expect(
            found.filter { $0.severity == .error }.map(\.message) == [
                "a scheduled service has one replica, so it cannot be scaled"
            ])
    }

    @Test func aProbeThatEndsARunThatHangsIsAllowed() throws {
        #expect(try service("schedule: \"@daily\"\nprobes: {liveness: {tcp: 80}}").probes.liveness != nil)
    }

    @Test func aLaterFileReplacesTheTrigger() {
        func trigger(_ override: String) -> String? {
            let files = [
                "/a.yaml":
                    "name: x\nservices: {web: {command: [a], schedule: {cron: 0 3 * * *, time_zone: UTC, history: 3}}}",
                "/b.yaml": "services: {web: {schedule: \(override)}}",
            ]
            let result = StackFile.load(
                files: ["/a.yaml", "/b.yaml"], environment: [:], from: MemoryFileSystem(files), in: "/")
            return result.spec?.services.first?.schedule.map { "\($0.trigger), \($0.history)" }
        }
        #expect(trigger("{every: 5m}") == "every 5m, 3")
        #expect(trigger("{cron: 0 4 * * *}") == "0 4 * * * UTC, 3")
        #expect(trigger("{overlap: queue}") == "0 3 * * * UTC, 3")
        #expect(trigger("0 5 * * *") == "0 5 * * * UTC, 10")
    }
}
