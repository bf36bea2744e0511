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
                replicas: []),
            #"{"depends_on":[{"condition":"service_completed_successfully","service":"init"}],"desired":"running","#
                + #""history":[],"name":"db","ready":true,"replicas":[],"revision":"ab","scale":0}"#)
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
                + #""revision":"ab","service":"db","since":"2026-11-23T07:52:53.042Z","state":"running","status":"9 clients"}"#
        )
    }

    @Test func replicaNamesWhatItDoesNotHave() throws {
        try expect(
            ReplicaDocument(
                service: "db", replica: 0, state: .stopped, ready: false, pid: nil, instance: nil, restarts: 0,
                revision: "ab", since: time, reason: "it was never started"),
            #"{"instance":null,"last_exit":null,"pid":null,"ready":false,"reason":"it was never started","replica":0,"#
                + #""restarts":0,"revision":"ab","service":"db","since":"2026-11-23T07:52:53.042Z","#
                + #""state":"stopped","status":null}"#
        )
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
            PlanDocument.Change.Kind.allCases.map(\.rawValue) == [
                "none", "live", "rolling", "restart", "start", "stop",
            ])
    }
}
