import StackModel
import Testing

@testable import StackFile

@Suite struct DeployTests {
    @Test(arguments: [
        ("update_config: {}", RolloutSpec(pace: .stopFirst, onFailure: .pause)),
        ("update_config: {order: start-first}", RolloutSpec(pace: .startFirst, onFailure: .pause)),
        (
            "update_config: {parallelism: 0}",
            RolloutSpec(pace: .init(maxSurge: .count(0), maxUnavailable: .percent(100)), onFailure: .pause)
        ),
        (
            "update_config: {parallelism: 0, order: start-first}",
            RolloutSpec(pace: .init(maxSurge: .percent(100), maxUnavailable: .count(0)), onFailure: .pause)
        ),
        (
            "update_config: {parallelism: 2, delay: 10s, order: start-first, failure_action: rollback, monitor: 5s, max_failure_ratio: 0.3}",
            RolloutSpec(
                pace: .init(
                    maxSurge: .count(2), maxUnavailable: .count(0), minReady: .seconds(5), delay: .seconds(10)),
                failureTolerance: 300)
        ),
        (
            "update_config: {parallelism: 2, failure_action: continue}",
            RolloutSpec(pace: .init(maxSurge: .count(0), maxUnavailable: .count(2)), onFailure: .continue)
        ),
        (
            "update_config: {order: start-first}, rollback_config: {parallelism: 0}",
            RolloutSpec(
                pace: .startFirst, rollbackPace: .init(maxSurge: .count(0), maxUnavailable: .percent(100)),
                onFailure: .pause)
        ),
        // By itself it says nothing of how updates are made.
        (
            "rollback_config: {order: stop-first, delay: 1s}",
            RolloutSpec(rollbackPace: .init(maxSurge: .count(0), maxUnavailable: .count(1), delay: .seconds(1)))
        ),
    ])
    func composesConfigurationsMeanARollout(keys: String, rollout: RolloutSpec) throws {
        #expect(try provenService("deploy: {replicas: 3, \(keys)}").rollout == rollout)
    }

    @Test(arguments: [
        (
            "deploy: {update_config: {parallelism: -1}}",
            "3:43: error: `parallelism` cannot be `-1`; it is a whole number from 0 to 1000"
        ),
        (
            "deploy: {update_config: {max_failure_ratio: 2}}",
            "3:49: error: `max_failure_ratio` cannot be `2`; it is a number from 0 to 1, such as `0.25`"
        ),
        (
            "deploy: {rollback_config: {failure_action: continue}}",
            "3:48: error: `failure_action` cannot be `continue`; it is `pause`"
        ),
        (
            "deploy: {rollback_config: {max_failure_ratio: 0.5}}",
            "3:51: error: `max_failure_ratio` cannot be `0.5`; it is 0, as any failure makes a rollback fail"
        ),
        (
            "ports: {a: 80}\ndeploy: {update_config: {order: start-first}}",
            "4:37: error: the new instance cannot bind the port `a` before the old one is gone; use `ports: {a: auto}`, or `order: stop-first`"
        ),
        (
            "schedule: {every: 1h}\ndeploy: {update_config: {}}",
            "4:29: error: a scheduled service's next run is the new one, so `deploy.update_config` has no meaning for it; leave it out"
        ),
    ])
    func faults(keys: String, fault: String) {
        #expect(serviceFaults(keys) == [fault])
    }
}
