import ControlProtocol
import Testing

@testable import CommandKit

/// How a rollout is waited for.
struct RolloutProgressTests {
    private let goal = ProgressGoal.replaced(["web": Former(revision: 3, instances: [7])])
    private let old = ReplicaDocument.sample("web", 0, .running, ready: true, pid: 1, instance: 7)
    private let coming = ReplicaDocument.sample("web", 0, .starting, pid: 2, instance: 8)
    private let new = ReplicaDocument.sample("web", 0, .running, ready: true, pid: 2, instance: 8)

    private func progress(
        rollout: RolloutDocument? = nil, _ history: [RevisionDocument] = [.sample(3)], _ replicas: ReplicaDocument...
    ) -> ServiceProgress? {
        var service = ServiceDocument.sample("web", scale: 1, rollout: rollout, history: history)
        service.replicas = replicas
        return ServiceProgress.all(of: [service], goal: goal).first
    }

    @Test func untilTheRolloutBeginsTheOldInstanceTellsSo() {
        #expect(progress([.sample(3)], old)?.standing == .moving)
    }

    @Test func theReplicaThatComesIsTold() {
        let rolling = progress(rollout: .sample(4, updated: 1), [.sample(4, .underWay), .sample(3)], old, coming)
        #expect(rolling?.standing == .moving)
        #expect(rolling?.word == "rolling")
        #expect(rolling?.detail == "1 of 2 updated, 0 available; web/0 (new) starting")
    }

    @Test func aPauseHoldsWithItsEnd() {
        let paused = progress(rollout: .sample(4, .paused, until: 9, reason: "pauses"), [.sample(4, .underWay)], new)
        #expect(paused?.standing == .held)
        #expect(paused?.until == Timestamp(milliseconds: 9))
        let rollback = progress(rollout: .sample(5, rollback: true), [.sample(5, .underWay, .rolledBack)], new)
        #expect(rollback?.word == "going back")
    }

    @Test func itIsDoneWhenTheOldOneIsGone() {
        let ending = ReplicaDocument.sample("web", 0, .stopping, pid: 1, instance: 7)
        #expect(progress([.sample(4), .sample(3)], ending, new)?.standing == .moving)
        #expect(progress([.sample(4), .sample(3)], new)?.standing == .reached)
    }

    @Test func whatWentBackKeepsTheInstancesThatWereRight() {
        let history: [RevisionDocument] = [.sample(5, .good, .undone, revision: "r3"), .sample(4, .superseded)]
        let undo = ProgressGoal.replaced(["web": Former(revision: 4, instances: [7])])
        let service = ServiceDocument.sample("web", history: history, old)
        #expect(ServiceProgress.all(of: [service], goal: undo).first?.standing == .reached)
    }

    @Test func whatWasRolledBackWillNotGetThere() {
        let history: [RevisionDocument] = [
            .sample(5, .good, .rolledBack, revision: "r3"), .sample(4, .failed, reason: "it crashed"), .sample(3),
        ]
        let back = progress(history, old)
        #expect(back?.standing == .failed)
        #expect(back?.line == "web rolled back: rollout 4 failed: it crashed")
        let still = progress(rollout: .sample(4, .failed, reason: "it crashed"), history, old)
        #expect(still?.standing == .failed)
    }

    @Test func whatSomebodyStoppedMeanwhileWillNotGetThere() {
        func standing(before: ServiceDocument.Desired) -> ServiceProgress.Standing? {
            var service = ServiceDocument.sample("web", scale: 1, history: [.sample(3)], old)
            service.desired = before
            let goal = ProgressGoal.replacing([service])
            service.desired = .stopped
            #expect((goal.rolloutFailure(of: service) == nil) == (before == .stopped))
            return ServiceProgress.all(of: [service], goal: goal).first?.standing
        }
        #expect(standing(before: .running) == .failed)
        // What was stopped all along is not waited for.
        #expect(standing(before: .stopped) == nil)
    }

    @Test func changesAreToldOnceALine() {
        var log = ProgressLog()
        func told(_ rollout: RolloutDocument?, _ outcome: RevisionDocument.Outcome = .underWay) -> [String] {
            log.changes(in: [.sample("web", rollout: rollout, history: [.sample(4, outcome)], new)], now: .zero)
        }
        #expect(told(nil) == ["web/0 ready"])
        #expect(told(.sample(4)) == ["web: rollout 4, 0 of 2 updated, 0 available"])
        #expect(told(.sample(4, available: 1)) == [])
        #expect(told(.sample(4, updated: 1, available: 1)) == ["web: rollout 4, 1 of 2 updated, 1 available"])
        let first = RolloutDocument.Measurement(time: .zero, metric: "errors", value: 0, verdict: .successful)
        var second = first
        second.time = Timestamp(milliseconds: 5)
        let analysing = RolloutDocument.sample(4, .analysing, updated: 1, reason: "measures", measurements: [first])
        #expect(
            told(analysing) == [
                "web: errors is 0: successful", "web: rollout 4, 1 of 2 updated, 0 available; analysing: measures",
            ])
        var more = analysing
        more.measurements.append(second)
        #expect(told(more) == ["web: errors is 0: successful"])
        #expect(told(more) == [])
        #expect(told(nil, .good) == ["web: rollout 4 is done"])
        #expect(told(nil, .good) == [])
    }

    @Test func aRolloutThatWasQuickIsToldAllTheSame() {
        var log = ProgressLog()
        _ = log.changes(in: [.sample("web", history: [.sample(4)], old)])
        #expect(
            log.changes(in: [.sample("web", history: [.sample(5), .sample(4)], new)])
                == ["web/0 ready", "web: rollout 5 is done"])
    }

    @Test func twoOfANameAreToldApart() {
        var log = ProgressLog()
        func told(_ replicas: ReplicaDocument...) -> [String] {
            var service = ServiceDocument.sample("web", scale: 1)
            service.replicas = replicas
            return log.changes(in: [service])
        }
        _ = told(old)
        #expect(told(old, coming) == ["web/0 (new) starting"])
        #expect(told(old, new) == ["web/0 (new) ready"])
        #expect(told(new) == [])
    }
}
