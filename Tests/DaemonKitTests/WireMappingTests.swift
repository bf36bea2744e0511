import ControlProtocol
import StackModel
import SupervisorCore
import Testing

@testable import DaemonKit

/// What the core says of rollouts, as the control API says it.
@Suite struct WireMappingTests {
    private let clock = Clock()
    private let web: ServiceName

    init() throws {
        web = try #require(ServiceName("web"))
    }

    @Test func aRolloutIsToldWithAllThatItHas() {
        let now = clock.instant
        var rollout = RolloutSnapshot.example(phase: .analysing)
        rollout.cause = .rolledBack(from: 3)
        rollout.began = now
        rollout.until = now.advanced(by: .seconds(10))
        rollout.isRollback = true
        rollout.measurements = [
            MeasurementRecord(time: now, metric: "errors", value: .number(0.5), verdict: .failed),
            MeasurementRecord(time: now, metric: "errors", value: .number(.infinity), verdict: .failed),
            MeasurementRecord(time: now, metric: "errors", value: .none, verdict: .inconclusive),
            MeasurementRecord(time: now, metric: "errors", value: .failed("refused"), verdict: .error),
        ]
        let document = WireMapping(clock).document(rollout)
        let since = clock.time(of: now)
        func measurement(
            _ value: Double?, _ error: String?, _ verdict: RolloutDocument.Measurement.Verdict
        ) -> RolloutDocument.Measurement {
            .init(time: since, metric: "errors", value: value, error: error, verdict: verdict)
        }
        #expect(
            document
                == RolloutDocument(
                    number: 2, revision: "cd", cause: .rolledBack, detail: RolloutCause.rolledBack(from: 3).description,
                    phase: .analysing, since: since, until: Timestamp(milliseconds: since.milliseconds + 10_000),
                    step: 1,
                    steps: 3, wanted: 4, updated: 2, available: 1, failures: 1, rollback: true,
                    reason: "it is measured",
                    measurements: [
                        measurement(0.5, nil, .failed), measurement(nil, "inf", .failed),
                        measurement(nil, nil, .inconclusive), measurement(nil, "refused", .error),
                    ]))
    }

    @Test(arguments: [
        (RevisionRecord.Outcome.underWay, RevisionDocument.Outcome.underWay, String?.none), (.good, .good, nil),
        (.failed("it crashed"), .failed, "it crashed"), (.superseded, .superseded, nil),
    ])
    func aRevisionIsToldWithItsOutcome(
        outcome: RevisionRecord.Outcome, word: RevisionDocument.Outcome, reason: String?
    ) {
        var record = RevisionRecord.example(number: 7, outcome: outcome)
        record.executable = ExecutableFile(path: "/bin/web", digest: "1f")
        let document = WireMapping(clock).document(record)
        #expect(document.number == 7 && document.outcome == word && document.reason == reason)
        #expect(document.executable == .init(path: "/bin/web", digest: "1f"))
    }

    /// Words that scripts know, whatever the core calls it.
    @Test func causes() throws {
        let words: [(RolloutCause, RevisionDocument.Cause)] = [
            (.started, .started), (.restartRequested, .restartRequested), (.filesChanged(2), .filesChanged),
            (.changed, .changed), (.dependencyReplaced(web), .dependencyReplaced), (.undone(to: 1), .undone),
            (.rolledBack(from: 2), .rolledBack),
        ]
        for (cause, word) in words {
            var record = RevisionRecord.example(number: 1, outcome: .good)
            record.cause = cause
            let document = WireMapping(clock).document(record)
            #expect(document.cause == word && document.detail == cause.description)
        }
    }

    /// While one replaces the other there are two of an index, and what is told of a slot is told once.
    @Test func aSlotIsToldOfOnce() {
        var service = ServiceSnapshot.example(web)
        service.replicas = [
            .example(web, 0, instance: 1, isReady: true), .example(web, 0, instance: 4, isReady: false),
            .example(web, 1, instance: 2, isReady: false), .example(web, 1, instance: 3, isReady: true),
            .example(web, 2, instance: 5, isReady: false), .example(web, 2, instance: 6, isReady: false),
            .example(web, 3, instance: 7, isReady: false),
        ]
        #expect(service.slots.map(\.instance?.serial) == [1, 3, 5, 7])
        let document = WireMapping(clock).document(service, next: nil)
        #expect(document.replicas.map(\.instance) == [1, 4, 2, 3, 5, 6, 7])
        #expect(document.replicas.map(\.replica) == [0, 0, 1, 1, 2, 2, 3])
    }

    /// Where the least loaded replica went, its index is free.
    @Test func indicesMayHaveGaps() {
        var service = ServiceSnapshot.example(web)
        service.replicas = [
            .example(web, 0, instance: 1, isReady: true),
            .example(web, 1, instance: 2, isReady: false, isWanted: false),
            .example(web, 3, instance: 3, isReady: true),
        ]
        let document = WireMapping(clock).document(service, next: nil)
        #expect(document.replicas.map(\.replica) == [0, 1, 3])
        #expect(document.replicas.map(\.wanted) == [true, false, true])
        #expect(service.slots.map(\.id.index) == [0, 1, 3])
    }

    /// Of a service, the replica that says most of why it is as it is.
    @Test func whichReplicaIsExplained() {
        var service = ServiceSnapshot.example(web)
        #expect(service.explainedReplica == nil)
        service.replicas = [.example(web, 2, instance: 1, isReady: true), .example(web, 4, instance: 2, isReady: true)]
        #expect(service.explainedReplica == 2)
        service.replicas[1].isReady = false
        #expect(service.explainedReplica == 4)
        service.replicas[1].state = .completed
        #expect(service.explainedReplica == 2)
        var ending = ReplicaSnapshot.example(web, 1, instance: 3, isReady: false)
        ending.state = .stopping
        service.replicas.insert(ending, at: 0)
        #expect(service.explainedReplica == 1)
        service.replicas[1].isReady = false
        #expect(service.explainedReplica == 2)
    }
}
