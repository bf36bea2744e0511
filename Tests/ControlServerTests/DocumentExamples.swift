@testable import ControlProtocol
@testable import ControlServer

/// One document of every type of the API, with everything that it can hold and with nothing that it need not.
enum DocumentExamples {
    private static let time = Timestamp(milliseconds: 1_795_420_373_042)

    static let all: [(full: any WireDocument, least: any WireDocument)] =
        stack + services + scalings + rollouts + happenings + changes + executions

    private static let stack: [(any WireDocument, any WireDocument)] = [
        same(
            StackDocument(
                name: "shop", state: .degraded, ready: false, since: time, files: ["/etc/shop.yaml"],
                directories: .init(state: "/s", run: "/r", logs: "/l"),
                daemon: .init(pid: 7, version: "0.1.0", since: time))),
        same(StackDocument.Directories(state: "/s", run: "/r", logs: "/l")),
        same(StackDocument.Daemon(pid: 7, version: "0.1.0", since: time)),
        same(ReadinessDocument(waiting: ["a"])),
        (
            DoctorCheck(name: "cgroup", level: .warning, finding: "none", remedy: "run as root"),
            DoctorCheck(name: "cgroup", level: .ok, finding: "some")
        ),
        (fullUsage, usage),
    ]

    private static let usage = UsageDocument(
        service: "db", replica: 0, instance: 7, time: time, cpuSeconds: 1.25, memoryBytes: 4_096, processes: 2)
    private static var fullUsage: UsageDocument {
        var usage = usage
        usage.throttledSeconds = 0.5
        (usage.cpuPressureSeconds, usage.memoryPressureSeconds, usage.ioPressureSeconds) = (1, 2, 3.5)
        (usage.memoryPeakBytes, usage.oomKills) = (8_192, 1)
        (usage.readBytes, usage.writtenBytes) = (10, 20)
        (usage.threads, usage.openDescriptors, usage.descriptorRatio) = (9, 60, 0.25)
        return usage
    }

    private static let services: [(any WireDocument, any WireDocument)] = [
        (
            ServiceDocument(
                name: "db", desired: .running, ready: true, revision: "ab",
                dependencies: [.init(service: "init", condition: "service_healthy")], scale: 1, scaling: scaling,
                replicas: [replica],
                schedule: schedule, rollout: rollout, history: [revision]),
            ServiceDocument(
                name: "db", desired: .stopped, ready: true, revision: "ab", dependencies: [], scale: 0, replicas: [])
        ),
        same(ServiceDocument.Dependency(service: "init", condition: "service_healthy")),
        (
            replica,
            ReplicaDocument(
                service: "db", replica: 1, state: .stopped, ready: false, pid: nil, instance: nil, restarts: 0,
                revision: "ab", since: time, reason: "it was never started")
        ),
        (ExitDocument(code: 1, signal: "SIGKILL", time: time), ExitDocument(code: nil, signal: nil, time: time)),
        (schedule, ScheduleDocument(trigger: "every 15m", next: nil, runs: [])),
        (
            ScheduleDocument.Run(origin: .stackStart, due: time, ended: time, outcome: .failed, reason: "it ended"),
            ScheduleDocument.Run(origin: .request, due: time, ended: nil, outcome: .running, reason: nil)
        ),
    ]

    private static let scalings: [(any WireDocument, any WireDocument)] = [
        (scaling, ScalingDocument(rule: .file)),
        (decision, ScalingDocument.Decision(time: time, current: 1, desired: 1, reason: "it has just begun")),
        // Of a proposal and an error there is only one at a time.
        (
            ScalingDocument.Metric(
                name: "cpu", target: "70%", value: "30%", ratio: 0.429, replicas: 3, counted: .init(ready: 5),
                error: "connection refused"), ScalingDocument.Metric(name: "cpu", target: "70%")
        ),
        same(ScalingDocument.Counted(ready: 2, unready: 1, missing: 1, ignored: 1)),
        same(ScalingDocument.Limit(code: .pressure, text: "the host has no room")),
        same(ScalingStatusDocument(service: "db", scale: 4, scaling: scaling, decisions: [decision])),
        same(ScaledDocument(service: "db", scale: 4, scaling: scaling, event: 4)),
    ]

    private static let scaling = ScalingDocument(
        rule: .autoscaler, active: true, awaitsConnection: true, minimum: 0, maximum: 8, interval: 2.5,
        decision: decision)
    private static let decision = ScalingDocument.Decision(
        time: time, current: 5, desired: 4, recommendation: 3, stabilized: 4, reason: "cpu is 30%, and 70% is right",
        metrics: [proposal, .init(name: "jobs", target: "16", error: "connection refused")],
        limits: [.init(code: .stabilization, text: "4 were needed a minute ago")], removed: ["db/2"])
    private static let proposal = ScalingDocument.Metric(
        name: "cpu", target: "70%", value: "30%", ratio: 0.429, replicas: 3, counted: .init(ready: 5))

    private static let rollouts: [(any WireDocument, any WireDocument)] = [
        (
            rollout,
            RolloutDocument(
                number: 1, revision: "ab", cause: .restartRequested, detail: "a restart was asked for", phase: .waiting,
                since: time, wanted: 0, updated: 0, available: 0, reason: "it waits")
        ),
        (
            measurement,
            RolloutDocument.Measurement(time: time, metric: "errors", value: nil, verdict: .inconclusive)
        ),
        (
            revision,
            RevisionDocument(
                number: 1, revision: "ab", cause: .started, detail: "it is the first", since: time, outcome: .underWay)
        ),
        same(RevisionDocument.Executable(path: "/bin/web", digest: "1f")),
        (
            RolloutStatusDocument(service: "db", rollout: rollout, history: [revision]),
            RolloutStatusDocument(service: "db", rollout: nil, history: [])
        ),
        same(PromoteRequest(fully: true)), (UndoRequest(revision: 3), UndoRequest()),
    ]

    private static let rollout = RolloutDocument(
        number: 4, revision: "cd", cause: .rolledBack, detail: "revision 3 failed", phase: .analysing, since: time,
        until: time, step: 1, steps: 3, wanted: 4, updated: 1, available: 1, failures: 1, rollback: true,
        reason: "it is measured", measurements: [measurement])
    private static let measurement = RolloutDocument.Measurement(
        time: time, metric: "errors", value: 1, error: "connection refused", verdict: .successful)
    private static let revision = RevisionDocument(
        number: 3, revision: "cd", executable: .init(path: "/bin/web", digest: "1f"), cause: .filesChanged,
        detail: "2 files changed", since: time, ended: time, outcome: .failed, reason: "it crashed")

    private static let replica = ReplicaDocument(
        service: "db", replica: 1, state: .running, ready: true, pid: 42, instance: 17, restarts: 3, revision: "ab",
        since: time, reason: "it is \"ready\"\n\u{1}", status: "9 clients",
        lastExit: ExitDocument(code: 0, signal: nil, time: time))

    private static let schedule = ScheduleDocument(
        trigger: "0 3 * * * Europe/Zurich", next: time,
        runs: [.init(origin: .schedule, due: time, ended: time, outcome: .succeeded, reason: nil)])

    private static let happenings: [(any WireDocument, any WireDocument)] = [
        (
            EventDocument(
                id: 12, time: time, subject: "db/1 #17", service: "db", replica: 1, instance: 17, code: "spawned",
                text: "spawned as process 42", cause: 11),
            EventDocument(id: 1, time: time, subject: "stack", code: "started", text: "started")
        ),
        (
            LogLine(time: time, service: "db", replica: 0, stream: .stderr, sequence: 5, text: "ä/b", continues: true),
            LogLine(time: time, service: "db", replica: 0, stream: .stackd, sequence: 5, text: "")
        ),
        same(GapDocument(gap: StreamGap(lost: 9, unit: .lines, code: .clientTooSlow))),
        same(StreamGap(lost: 1, unit: .events, code: .noLongerKept)),
        same(WatchDocument(time: time, service: "web", paths: ["/a"], count: 3)),
        (ControlProblem.invalidFile(["shop.yaml:1:1: error: no"]), ControlProblem.noSuchService("web")),
    ]

    private static let changes: [(any WireDocument, any WireDocument)] = [
        same(PlanRequest(environment: ["A": "b", "C": "d"])),
        (ApplyRequest(plan: "ab", environment: [:], atOnce: true), ApplyRequest()),
        same(
            PlanDocument(
                plan: "ab", changes: [change], control: [.init(key: "control.listen", before: nil, after: "a")],
                conflicts: ["db: listen.sql 127.0.0.1:5432 is taken"], warnings: ["w"], event: 4)),
        (change, PlanDocument.Change(service: "db", kind: .none)), same(PlanDocument.Memory(nowBytes: 1, peakBytes: 2)),
        (difference, PlanDocument.Difference(key: "command", before: nil, after: nil)),
        (ActionRequest(services: ["a"], grace: .milliseconds(1_500), atOnce: true), ActionRequest()),
        (ShutdownRequest(immediately: true, grace: .seconds(10)), ShutdownRequest()),
        same(ScaleRequest(replicas: 3)), (KillRequest(signal: "HUP", replica: 1), KillRequest(signal: "1")),
        same(AcceptedDocument(services: ["a"], event: 4)),
    ]

    private static let difference = PlanDocument.Difference(key: "command", before: "a", after: "b")
    private static let change = PlanDocument.Change(
        service: "db", kind: .rolling, differences: [difference], dependents: ["web"], restarted: ["web"],
        memory: .init(nowBytes: 1, peakBytes: 2))

    private static let executions: [(any WireDocument, any WireDocument)] = [
        (
            ExecutionRequest(
                command: ["sh", "-c", "true"], environment: ["A": "b"], user: "nobody", workingDirectory: "/",
                replica: 0, terminal: .init(rows: 24, columns: 80), input: true, detach: false),
            ExecutionRequest(command: [])
        ),
        same(ExecutionRequest.TerminalSize(rows: 24, columns: 80)), same(SignalRequest(signal: "TERM")),
        same(StartedRecord(id: 4, pid: 42)), same(OutputRecord(stream: .stdout, data: "aGVsbG8=")),
        same(ExitedRecord(exit: ExitDocument(code: 0, signal: nil, time: time))),
    ]

    private static func same(_ document: any WireDocument) -> (any WireDocument, any WireDocument) {
        (document, document)
    }
}
