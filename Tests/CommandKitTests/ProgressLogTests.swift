import ControlProtocol
import Testing

@testable import CommandKit

struct ProgressLogTests {
    @Test func eachChangeIsToldOnce() {
        var log = ProgressLog()
        let waiting = ServiceDocument.sample("web", .sample("web", 0, .waiting, reason: "waits for db"))
        let starting = ServiceDocument.sample("web", .sample("web", 0, .starting, pid: 3, since: 5))
        let ready = ServiceDocument.sample("web", .sample("web", 0, .running, ready: true, pid: 3, reason: "passed"))
        #expect(log.changes(in: [waiting]) == ["web/0 waiting: waits for db"])
        #expect(log.changes(in: [waiting]) == [])
        #expect(log.changes(in: [starting]) == ["web/0 starting"])
        #expect(log.changes(in: [ready]) == ["web/0 ready: passed"])
        #expect(log.changes(in: [waiting]) == ["web/0 waiting: waits for db"])
    }

    @Test func aJobIsNotReadyBeforeItHasCompleted() {
        var log = ProgressLog()
        func services(_ job: ReplicaDocument) -> [ServiceDocument] {
            [
                .sample("job", job),
                .sample("web", after: ["job"], condition: "service_completed_successfully"),
            ]
        }
        #expect(log.changes(in: services(.sample("job", 0, .running, ready: true, pid: 3))) == ["job/0 running"])
        #expect(log.changes(in: services(.sample("job", 0, .completed))) == ["job/0 completed"])
    }

    @Test func whatNobodyStartsIsNotTold() {
        var log = ProgressLog()
        func service(_ state: ReplicaDocument.State) -> ServiceDocument {
            .sample("idle", desired: state == .stopped ? .stopped : .running, .sample("idle", 0, state))
        }
        #expect(log.changes(in: [service(.stopped)]) == [])
        #expect(log.changes(in: [service(.starting)]) == ["idle/0 starting"])
        #expect(log.changes(in: [service(.stopped)]) == ["idle/0 stopped"])
    }

    @Test func onlyTheSelectionIsTold() {
        var log = ProgressLog()
        let services: [ServiceDocument] = [
            .sample("a", .sample("a", 0, .stopped)), .sample("b", .sample("b", 0, .failed)),
        ]
        #expect(log.changes(in: services, selection: ["b"]) == ["b/0 failed"])
    }
}
