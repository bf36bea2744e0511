import ControlProtocol
import Testing

@testable import CommandKit

struct ServiceProgressTests {
    private func progress(
        _ goal: ProgressGoal, _ replicas: ReplicaDocument..., dependents: [String] = []
    ) -> ServiceProgress? {
        let service = ServiceDocument(
            name: "web", desired: .running, ready: false, revision: "", dependencies: [],
            scale: (replicas.map(\.replica).max() ?? -1) + 1, replicas: replicas)
        return ServiceProgress(service, goal: goal, dependents: dependents)
    }

    @Test func theReplicaThatIsFurthestFromTheGoalTells() {
        let both = progress(
            .running, .sample("web", 0, .running, ready: true),
            .sample("web", 1, .starting, since: 7, reason: "was spawned"))
        #expect(both?.standing == .moving)
        #expect(both?.word == "1/2 ready")
        #expect(both?.detail == "was spawned")
        #expect(both?.since == Timestamp(milliseconds: 7))
        let failed = progress(.running, .sample("web", 0, .failed, reason: "exited"), .sample("web", 1, .starting))
        #expect(failed?.standing == .failed)
        #expect(failed?.word == "failed")
    }

    @Test(arguments: [
        (ReplicaDocument.sample("web", 0, .waiting), ServiceProgress.Standing.held, "waiting"),
        (.sample("web", 0, .backoff), .moving, "backoff"),
        (.sample("web", 0, .stopped), .moving, "stopped"),
        (.sample("web", 0, .running, ready: false), .moving, "not ready"),
        (.sample("web", 0, .running, ready: true), .reached, "ready"),
        (.sample("web", 0, .completed), .reached, "completed"),
    ])
    func onTheWayUp(replica: ReplicaDocument, standing: ServiceProgress.Standing, word: String) {
        let progress = progress(.running, replica)
        #expect(progress?.standing == standing)
        #expect(progress?.word == word)
    }

    @Test(arguments: [
        (ReplicaDocument.sample("web", 0, .stopping, pid: 3), ServiceProgress.Standing.moving),
        (.sample("web", 0, .stopped), .reached),
        (.sample("web", 0, .failed), .reached),
        (.sample("web", 0, .completed), .reached),
        (.sample("web", 0, .failed, pid: 3), .moving),
        (.sample("web", 0, .backoff), .moving),
    ])
    func onTheWayDown(replica: ReplicaDocument, standing: ServiceProgress.Standing) {
        #expect(progress(.stopped, replica)?.standing == standing)
    }

    @Test func whatIsNotYetStoppingWaitsForItsDependents() {
        let held = progress(.stopped, .sample("web", 0, .running, pid: 3), dependents: ["proxy"])
        #expect(held?.standing == .held)
        #expect(held?.detail == "waits for proxy")
    }

    @Test func aRestartIsDoneWhenAnotherInstanceIsReady() {
        let old = ReplicaDocument.sample("web", 0, .running, ready: true, instance: 4)
        let new = ReplicaDocument.sample("web", 0, .running, ready: true, instance: 5)
        let goal = ProgressGoal.replaced(["web": Former(instances: [4])])
        #expect(progress(goal, old)?.standing == .moving)
        #expect(progress(goal, new)?.standing == .reached)
        #expect(progress(.replaced([:]), old)?.standing == .reached)
    }

    @Test func ofTwoOfANameTheOneThatGoesMustBeGone() {
        let old = ReplicaDocument.sample("web", 0, .stopping, pid: 3, instance: 4)
        let new = ReplicaDocument.sample("web", 0, .running, ready: true, pid: 5, instance: 5)
        for replicas in [[old, new], [new, old]] {
            let service = ServiceDocument.sample("web", replicas[0], replicas[1])
            #expect(ServiceProgress(service, goal: .running)?.standing == .moving)
        }
        #expect(progress(.running, new)?.standing == .reached)
    }

    @Test func aServicesOwnWordsAreAdded() {
        let progress = progress(.running, .sample("web", 0, .starting, reason: "was spawned", status: "loading 40%"))
        #expect(progress?.detail == "was spawned (loading 40%)")
    }

    @Test func onTheWayUpOnlyWhatShouldRunCounts() {
        let services: [ServiceDocument] = [
            .sample("db", .sample("db", 0, .running, ready: true)),
            .sample("tool", desired: .stopped, .sample("tool", 0, .stopped)),
        ]
        #expect(ServiceProgress.all(of: services, goal: .running).map(\.service) == ["db"])
        #expect(ServiceProgress.all(of: services, goal: .stopped).map(\.service) == ["db", "tool"])
        #expect(ServiceProgress.all(of: services, goal: .stopped, selection: ["tool"]).map(\.service) == ["tool"])
    }

    @Test func onlyDependentsThatStillRunHoldAStopBack() {
        let services: [ServiceDocument] = [
            .sample("db", .sample("db", 0, .running, pid: 1)),
            .sample("gone", after: ["db"], .sample("gone", 0, .stopped)),
            .sample("web", after: ["db"], .sample("web", 0, .stopping, pid: 2)),
        ]
        let db = ServiceProgress.all(of: services, goal: .stopped).first
        #expect(db?.detail == "waits for web")
    }

    @Test func aJobHasArrivedWhenItHasCompleted() {
        let waiter = ServiceDocument.sample(
            "web", after: ["migrate"], condition: "service_completed_successfully", .sample("web", 0, .waiting))
        func migrate(_ replica: ReplicaDocument) -> ServiceProgress? {
            ServiceProgress.all(of: [.sample("migrate", replica), waiter], goal: .running).first
        }
        let running = migrate(.sample("migrate", 0, .running, ready: true))
        #expect(running?.standing == .moving)
        #expect(running?.word == "running")
        #expect(migrate(.sample("migrate", 0, .completed))?.standing == .reached)
    }

    @Test func nobodyWaitsForTheRunsOfASchedule() {
        let schedule = ScheduleDocument(trigger: "every 1h", next: nil, runs: [])
        func backup(_ replica: ReplicaDocument) -> ServiceProgress? {
            ServiceProgress.all(of: [.sample("backup", schedule: schedule, replica)], goal: .running).first
        }
        #expect(backup(.sample("backup", 0, .scheduled))?.standing == .reached)
        let running = backup(.sample("backup", 0, .running, ready: true))
        #expect(running?.standing == .reached)
        #expect(running?.word == "running")
    }

    @Test func whatAConnectionStartsIsWhereItShouldBe() {
        let scaling = ScalingDocument(rule: .autoscaler, awaitsConnection: true, minimum: 0, maximum: 3)
        let web = ServiceDocument.sample("web", scaling: scaling)
        let progress = ServiceProgress(web, goal: .running)
        #expect(progress?.standing == .reached && progress?.word == "on demand")
        #expect(ServiceProgress(web, goal: .stopped) == nil)
        #expect(ServiceProgress(.sample("web"), goal: .running) == nil)
        var log = ProgressLog()
        #expect(log.changes(in: [web]) == ["web: no replica, on demand: the next connection starts one"])
        #expect(log.changes(in: [web]).isEmpty)
    }

    @Test func whatIsMoreThanThereShouldBeHasToGo() {
        func web(_ surplus: ReplicaDocument) -> ServiceProgress? {
            ServiceProgress(
                .sample("web", scale: 1, .sample("web", 0, .running, ready: true), surplus), goal: .running)
        }
        #expect(web(.sample("web", 1, .running, ready: true, pid: 7))?.standing == .moving)
        #expect(web(.sample("web", 1, .stopped))?.standing == .reached)
    }

    @Test func whatOnlyRepeatsTheStateIsNotSaid() {
        #expect(ReplicaDocument.sample("db", 0, .running, ready: true, reason: "is ready").line() == "db/0 ready")
        #expect(ReplicaDocument.sample("db", 0, .completed, reason: "has completed").line() == "db/0 completed")
        #expect(
            ReplicaDocument.sample("db", 0, .failed, reason: "gave\nup", status: "x").line()
                == "db/0 failed: gave up (x)"
        )
    }
}
