import ControlProtocol
import FoundationEssentials
import Testing

/// The documents' JSON is a contract with scripts: each is compared with the text that was agreed on.
@Suite struct DocumentTests {
    private let time = Timestamp(milliseconds: 1_795_420_373_042)

    private func expect<Document: Codable & Equatable>(_ document: Document, _ json: String) throws {
        #expect(String(decoding: try WireFormat.encode(document), as: UTF8.self) == json)
        #expect(try WireFormat.decode(Document.self, from: Data(json.utf8)) == document)
    }

    @Test func stack() throws {
        try expect(
            StackDocument(
                name: "shop", state: .degraded, ready: false, since: time, files: ["/etc/shop.yaml"],
                directories: .init(state: "/s", run: "/r", logs: "/l"),
                daemon: .init(pid: 7, version: "0.1.0", since: time)),
            #"{"daemon":{"pid":7,"since":"2026-11-23T07:52:53.042Z","version":"0.1.0"},"#
                + #""directories":{"logs":"/l","run":"/r","state":"/s"},"files":["/etc/shop.yaml"],"name":"shop","#
                + #""ready":false,"since":"2026-11-23T07:52:53.042Z","state":"degraded"}"#)
    }

    @Test func service() throws {
        try expect(
            ServiceDocument(
                name: "db", desired: .running, ready: true, revision: "ab",
                dependencies: [.init(service: "init", condition: "service_completed_successfully")], scale: 0,
                scaling: ScalingDocument(rule: .manual, awaitsConnection: true), replicas: []),
            #"{"depends_on":[{"condition":"service_completed_successfully","service":"init"}],"desired":"running","#
                + #""history":[],"name":"db","ready":true,"replicas":[],"revision":"ab","scale":0,"#
                + #""scaling":{"active":false,"awaits_connection":true,"rule":"manual"}}"#)
    }

    @Test func scaling() throws {
        let decision = ScalingDocument.Decision(
            time: time, current: 2, desired: 4, recommendation: 6, stabilized: 5, reason: "cpu is 93%",
            metrics: [
                .init(
                    name: "cpu", target: "70%", value: "93%", ratio: 1.33, replicas: 4,
                    counted: .init(ready: 1, unready: 2, missing: 3, ignored: 4)),
                .init(name: "jobs", target: "16", error: "connection refused"),
            ], limits: [.init(code: .notIdle, text: "1 is connected")], removed: ["web/2"])
        let scaling = ScalingDocument(
            rule: .autoscaler, active: true, minimum: 2, maximum: 8, interval: 5, decision: decision)
        let json =
            #"{"current":2,"desired":4,"limits":[{"code":"not_idle","text":"1 is connected"}],"#
            + #""metrics":[{"counted":{"ignored":4,"missing":3,"ready":1,"unready":2},"name":"cpu","ratio":1.33,"#
            + #""replicas":4,"target":"70%","value":"93%"},{"error":"connection refused","name":"jobs","#
            + #""target":"16"}],"reason":"cpu is 93%","recommendation":6,"removed":["web/2"],"stabilized":5,"#
            + #""time":"2026-11-23T07:52:53.042Z"}"#
        let rule =
            #"{"active":true,"awaits_connection":false,"decision":\#(json),"interval_seconds":5,"maximum":8,"#
            + #""minimum":2,"rule":"autoscaler"}"#
        try expect(
            ScalingStatusDocument(service: "web", scale: 4, scaling: scaling, decisions: [decision]),
            #"{"decisions":[\#(json)],"scale":4,"scaling":\#(rule),"service":"web"}"#)
        try expect(
            ScaledDocument(service: "web", scale: 4, scaling: ScalingDocument(rule: .file), event: 7),
            #"{"event":7,"scale":4,"scaling":{"active":false,"awaits_connection":false,"rule":"file"},"service":"web"}"#
        )
    }

    @Test func rollout() throws {
        try expect(
            RolloutStatusDocument(
                service: "db",
                rollout: RolloutDocument(
                    number: 4, revision: "cd", cause: .undone, detail: "revision 3 was asked for", phase: .analysing,
                    held: true, since: time, until: time, step: 1, steps: 3, wanted: 4, updated: 1, available: 1,
                    failures: 2,
                    rollback: true, reason: "it is measured",
                    measurements: [
                        .init(time: time, metric: "errors", value: 0.25, verdict: .failed),
                        .init(time: time, metric: "latency", value: nil, error: "refused", verdict: .error),
                    ]), history: []),
            #"{"history":[],"rollout":{"available":1,"cause":"undone","detail":"revision 3 was asked for","failures":2,"#
                + #""held":true,"measurements":[{"metric":"errors","time":"2026-11-23T07:52:53.042Z","value":0.25,"#
                + #""verdict":"failed"},{"error":"refused","metric":"latency","time":"2026-11-23T07:52:53.042Z","#
                + #""verdict":"error"}],"number":4,"phase":"analysing","reason":"it is measured","revision":"cd","#
                + #""rollback":true,"since":"2026-11-23T07:52:53.042Z","step":1,"steps":3,"#
                + #""until":"2026-11-23T07:52:53.042Z","updated":1,"wanted":4},"service":"db"}"#)
        try expect(
            RolloutStatusDocument(service: "db", rollout: nil, history: []), #"{"history":[],"service":"db"}"#)
    }

    @Test func revision() throws {
        try expect(
            RevisionDocument(
                number: 3, revision: "ab", executable: .init(path: "/bin/db", digest: "1f"), cause: .filesChanged,
                detail: "2 files changed", since: time, ended: time, outcome: .failed, reason: "it crashed"),
            #"{"cause":"files_changed","detail":"2 files changed","ended":"2026-11-23T07:52:53.042Z","#
                + #""executable":{"digest":"1f","path":"/bin/db"},"number":3,"outcome":"failed","reason":"it crashed","#
                + #""revision":"ab","since":"2026-11-23T07:52:53.042Z"}"#)
    }

    @Test func plan() throws {
        try expect(
            PlanDocument(
                plan: "ab",
                changes: [
                    .init(
                        service: "db", kind: .rolling, differences: [], dependents: [], restarted: ["web"],
                        memory: .init(nowBytes: 10, peakBytes: 15))
                ], conflicts: ["db: taken"], event: 4),
            #"{"changes":[{"dependents":[],"differences":[],"kind":"rolling","memory":{"now_bytes":10,"peak_bytes":15},"#
                + #""restarted":["web"],"service":"db"}],"conflicts":["db: taken"],"control":[],"event":4,"#
                + #""plan":"ab","warnings":[]}"#)
        try expect(ApplyRequest(plan: "ab", atOnce: true), #"{"at_once":true,"environment":{},"plan":"ab"}"#)
    }

    @Test func replica() throws {
        try expect(
            ReplicaDocument(
                service: "db", replica: 1, state: .running, ready: true, pid: 42, instance: 17, restarts: 3,
                revision: "ab", since: time, reason: "it is ready", status: "9 clients"),
            #"{"instance":17,"last_exit":null,"pid":42,"ready":true,"reason":"it is ready","replica":1,"restarts":3,"#
                + #""revision":"ab","service":"db","since":"2026-11-23T07:52:53.042Z","state":"running","#
                + #""status":"9 clients","wanted":true}"#
        )
    }

    @Test func replicaNamesWhatItDoesNotHave() throws {
        try expect(
            ReplicaDocument(
                service: "db", replica: 0, wanted: false, state: .stopped, ready: false, pid: nil, instance: nil,
                restarts: 0,
                revision: "ab", since: time, reason: "it was never started"),
            #"{"instance":null,"last_exit":null,"pid":null,"ready":false,"reason":"it was never started","replica":0,"#
                + #""restarts":0,"revision":"ab","service":"db","since":"2026-11-23T07:52:53.042Z","#
                + #""state":"stopped","status":null,"wanted":false}"#
        )
    }

    @Test func usage() throws {
        var usage = UsageDocument(
            service: "db", replica: 0, instance: 7, time: time, cpuSeconds: 1.25, memoryBytes: 4_096, processes: 2)
        try expect(
            usage,
            #"{"cpu_seconds":1.25,"instance":7,"memory_bytes":4096,"processes":2,"replica":0,"service":"db","#
                + #""time":"2026-11-23T07:52:53.042Z"}"#)
        usage.throttledSeconds = 0.5
        (usage.cpuPressureSeconds, usage.memoryPressureSeconds, usage.ioPressureSeconds) = (1, 2, 3.5)
        (usage.memoryPeakBytes, usage.oomKills) = (8_192, 1)
        (usage.readBytes, usage.writtenBytes) = (10, 20)
        (usage.threads, usage.openDescriptors, usage.descriptorRatio) = (9, 60, 0.25)
        try expect(
            usage,
            #"{"cpu_pressure_seconds":1,"cpu_seconds":1.25,"cpu_throttled_seconds":0.5,"descriptor_ratio":0.25,"#
                + #""instance":7,"io_pressure_seconds":3.5,"io_read_bytes":10,"io_written_bytes":20,"#
                + #""memory_bytes":4096,"memory_peak_bytes":8192,"memory_pressure_seconds":2,"oom_kills":1,"#
                + #""open_descriptors":60,"processes":2,"replica":0,"service":"db","threads":9,"#
                + #""time":"2026-11-23T07:52:53.042Z"}"#)
    }

    @Test func event() throws {
        try expect(
            EventDocument(
                id: 12, time: time, subject: "db/1 #17", service: "db", replica: 1, instance: 17, code: "spawned",
                text: "spawned as process 42", cause: 11),
            #"{"cause":11,"code":"spawned","id":12,"instance":17,"replica":1,"service":"db","subject":"db/1 #17","#
                + #""text":"spawned as process 42","time":"2026-11-23T07:52:53.042Z"}"#)
        try expect(
            EventDocument(id: 1, time: time, subject: "stack", code: "started", text: "started"),
            #"{"code":"started","id":1,"subject":"stack","text":"started","time":"2026-11-23T07:52:53.042Z"}"#)
    }

    @Test func logLine() throws {
        try expect(
            LogLine(time: time, service: "db", replica: 0, stream: .stderr, sequence: 5, text: "a \"b\" /c\u{7}"),
            #"{"replica":0,"sequence":5,"service":"db","stream":"stderr","text":"a \"b\" /c\u0007","#
                + #""time":"2026-11-23T07:52:53.042Z"}"#)
    }

    @Test func logLineThatGoesOn() throws {
        try expect(
            LogLine(time: time, service: "db", replica: 0, stream: .stackd, sequence: 5, text: "a", continues: true),
            #"{"continues":true,"replica":0,"sequence":5,"service":"db","stream":"stackd","text":"a","#
                + #""time":"2026-11-23T07:52:53.042Z"}"#)
    }

    @Test func streamRecords() throws {
        let line = LogLine(time: time, service: "db", replica: 0, stream: .stdout, sequence: 5, text: "gap")
        let item = StreamRecord.item(line)
        #expect(try WireFormat.encode(item) == WireFormat.encode(line))
        #expect(try WireFormat.decode(StreamRecord<LogLine>.self, from: try WireFormat.encode(item)) == item)
        try expect(
            StreamRecord<LogLine>.gap(StreamGap(lost: 9, unit: .lines, code: .clientTooSlow)),
            #"{"gap":{"code":"client_too_slow","lost":9,"unit":"lines"}}"#)
        try expect(
            StreamRecord<EventDocument>.gap(StreamGap(lost: 1, unit: .events, code: .noLongerKept)),
            #"{"gap":{"code":"no_longer_kept","lost":1,"unit":"events"}}"#)
    }

    @Test func requestsAndAnswers() throws {
        try expect(
            ActionRequest(services: ["a", "b"], grace: .milliseconds(2_500), atOnce: true),
            #"{"at_once":true,"grace_seconds":2.5,"services":["a","b"]}"#)
        try expect(ShutdownRequest(immediately: true), #"{"immediately":true}"#)
        try expect(ShutdownRequest(grace: .seconds(10)), #"{"grace_seconds":10,"immediately":false}"#)
        try expect(PromoteRequest(fully: true), #"{"fully":true}"#)
        try expect(UndoRequest(revision: 3), #"{"revision":3}"#)
        try expect(UndoRequest(), "{}")
        try expect(AcceptedDocument(services: ["a"], event: 4), #"{"event":4,"services":["a"]}"#)
        try expect(ReadinessDocument(waiting: ["a"]), #"{"ready":false,"waiting":["a"]}"#)
        try expect(ReadinessDocument(waiting: []), #"{"ready":true,"waiting":[]}"#)
        try expect(
            DoctorCheck(name: "cgroup", level: .warning, finding: "none", remedy: "run as root"),
            #"{"finding":"none","level":"warning","name":"cgroup","remedy":"run as root"}"#)
    }

    @Test func problem() throws {
        try expect(
            ControlProblem.noSuchService("web"),
            #"{"code":"no_such_service","detail":"the stack has no service \"web\"","status":404,"#
                + #""title":"No such service","type":"urn:stackd:problem:no_such_service"}"#)
        let later = #"{"code":"new_code","status":418,"title":"New","detail":"d","type":"t","more":1}"#
        #expect(try WireFormat.decode(ControlProblem.self, from: Data(later.utf8)).code == .unknown)
    }

    @Test(arguments: [
        ([], "none"), ([0], "0"), ([0, 2], "0, 2"), ([0, 1, 2, 5, 7, 8], "0 to 2, 5, 7 to 8"),
    ])
    func aProblemNamesTheReplicasThatThereAre(indices: [Int], text: String) {
        let problem = ControlProblem.noSuchReplica(4, of: "web", indices: indices)
        #expect(problem.detail == "service \"web\" has no replica 4; it has \(text)")
    }

    @Test func statesAreTheseWords() {
        #expect(
            StackDocument.State.allCases.map(\.rawValue) == ["starting", "ready", "degraded", "stopping", "stopped"])
        #expect(
            ReplicaDocument.State.allCases.map(\.rawValue) == [
                "stopped", "scheduled", "waiting", "backoff", "starting", "running", "stopping", "completed", "failed",
            ])
        #expect(ServiceAction.allCases.map(\.rawValue) == ["start", "stop", "restart"])
        #expect(
            RolloutDocument.Phase.allCases.map(\.rawValue) == [
                "waiting", "progressing", "paused", "analysing", "failed",
            ])
        #expect(
            RevisionDocument.Cause.allCases.map(\.rawValue) == [
                "started", "restart_requested", "files_changed", "changed", "dependency_replaced", "undone",
                "rolled_back",
            ])
        #expect(
            RevisionDocument.Outcome.allCases.map(\.rawValue) == ["under_way", "good", "failed", "superseded"])
        #expect(
            ScalingDocument.Rule.allCases.map(\.rawValue) == ["file", "manual", "autoscaler"])
        #expect(
            ScalingDocument.Limit.Code.allCases.map(\.rawValue) == [
                "stabilization", "policy", "disabled", "minimum", "maximum", "missing_metrics", "no_metrics",
                "pressure",
                "memory", "overcommit", "not_idle",
            ])
        #expect(
            PlanDocument.Change.Kind.allCases.map(\.rawValue) == [
                "none", "live", "rolling", "restart", "start", "stop",
            ])
    }
}
