import StackModel
import Testing

@testable import StackFile

@Suite struct RolloutTests {
    @Test(arguments: [
        // What cannot be seen to stand two at a time is stopped first.
        ("", RolloutSpec.Pace.stopFirst), ("ports: {a: auto}", .stopFirst), ("ports: {a: 80}", .stopFirst),
        ("replicas: 1\nnotify: true", .stopFirst), ("rollout: {}", .stopFirst),
        ("replicas: 2", .startFirst), ("scale: 2", .startFirst), ("deploy: {replicas: 2}", .startFirst),
        ("listen: {a: \":80\"}", .startFirst), ("listen: {a: \":80\"}\nports: {b: 81}", .stopFirst),
        ("ports: {a: auto}\nroute: {b: \":80\"}", .startFirst), ("ports: {a: 81}\nroute: {b: \":80\"}", .stopFirst),
        ("rollout: {order: start-first}", .startFirst), ("replicas: 2\nrollout: {order: stop-first}", .stopFirst),
        ("rollout: {max_surge: 1}", .startFirst), ("replicas: 2\nrollout: {max_surge: 0}", .stopFirst),
        ("rollout: {max_surge: 50%}", .init(maxSurge: .percent(50), maxUnavailable: .count(0))),
        ("replicas: 4\nrollout: {max_unavailable: 25%}", .init(maxSurge: .count(1), maxUnavailable: .percent(25))),
        ("rollout: {max_unavailable: 2}", .init(maxSurge: .count(0), maxUnavailable: .count(2))),
        (
            "rollout: {order: start-first, max_unavailable: 1}",
            .init(maxSurge: .count(1), maxUnavailable: .count(1))
        ),
        ("rollout: {order: stop-first, max_surge: 0}", .stopFirst),
        ("ports: {a: 80}\nrollout: {max_surge: 0, max_unavailable: 1}", .stopFirst),
        (
            "replicas: 3\nrollout: {min_ready: 5s, delay: 2s}",
            .init(maxSurge: .count(1), maxUnavailable: .count(0), minReady: .seconds(5), delay: .seconds(2))
        ),
    ])
    func pace(keys: String, pace: RolloutSpec.Pace) throws {
        #expect(try provenService(keys).rollout == RolloutSpec(pace: pace))
    }

    @Test func autoscaleToSeveralStandsForSeveral() {
        let spec = load(file("notify: true\nautoscale: {max: 2, metrics: [{cpu: 70%}]}")).spec
        #expect(spec?.services.first?.rollout.pace == .startFirst)
    }

    @Test(arguments: [
        ("", Duration.seconds(1)), ("rollout: {min_ready: 0s}", .zero), ("rollout: {min_ready: 3s}", .seconds(3)),
        ("notify: true", .zero), ("healthcheck: {test: [CMD, \"true\"]}", .zero),
        ("probes: {startup: {tcp: 80}}", .zero), ("probes: {liveness: {tcp: 80}}", .seconds(1)),
    ])
    func whatHasNoReadinessIsWatchedForAWhile(keys: String, minReady: Duration) throws {
        #expect(try service(keys).rollout.pace.minReady == minReady)
    }

    @Test func theRest() throws {
        let rollout = try provenService(
            "rollout: {progress_deadline: 2m, on_failure: continue, max_failure_ratio: 0.25, steps: [{replicas: 1}]}"
        ).rollout
        #expect(
            rollout
                == RolloutSpec(
                    pace: .stopFirst, progressDeadline: .seconds(120), onFailure: .continue, failureTolerance: 250,
                    steps: [.replicas(.count(1))]))
    }

    @Test(arguments: [
        ("rollback: {}", RolloutSpec.Pace.startFirst), ("rollback: {order: stop-first}", .stopFirst),
        ("rollback: {max_surge: 100%}", .init(maxSurge: .percent(100), maxUnavailable: .count(0))),
        ("rollback: {max_unavailable: 1}", .init(maxSurge: .count(1), maxUnavailable: .count(1))),
        (
            "min_ready: 5s, delay: 1s, rollback: {delay: 0s}",
            .init(maxSurge: .count(1), maxUnavailable: .count(0), minReady: .seconds(5))
        ),
    ])
    func rollbackIsAsTheRolloutWhereNothingElseIsSaid(keys: String, pace: RolloutSpec.Pace) throws {
        #expect(try provenService("replicas: 2\nrollout: {\(keys)}").rollout.rollbackPace == pace)
        #expect(try service("replicas: 2\nrollout: {min_ready: 5s}").rollout.rollbackPace == nil)
    }

    @Test(arguments: [
        (
            "rollout: {max_surge: 101%}",
            "3:26: error: `max_surge` cannot be `101%`; it is a number of replicas, or a percentage up to 100%"
        ),
        (
            "rollout: {min_ready: -1s}",
            "3:26: error: `min_ready` cannot be `-1s`; it is a duration such as `10s`, `500ms` or `1m30s`"
        ),
        (
            "rollout: {progress_deadline: 0s}",
            "3:34: error: `progress_deadline` cannot be `0s`; it is a duration longer than 0, such as `10s`, `500ms` or `1m30s`"
        ),
        (
            "rollout: {min_ready: 10s, progress_deadline: 10s}",
            "3:50: error: no replica can be ready for `min_ready`, 10s, before the `progress_deadline`; give it more than that"
        ),
        (
            "rollout: {on_failure: explode}",
            "3:27: error: `on_failure` cannot be `explode`; it is `rollback`, `pause` or `continue`"
        ),
        (
            "rollout: {order: stop-first, max_surge: 1}",
            "3:45: error: with `order: stop-first` there is never one more, so `max_surge` has no meaning; leave it out, or use `order: start-first`"
        ),
        (
            "rollout: {order: start-first, max_surge: 0%}",
            "3:46: error: with `max_surge: 0` nothing can start first; leave it out, or use `order: stop-first`"
        ),
        (
            "ports: {a: 80}\nrollout: {max_surge: 1}",
            "4:26: error: the new instance cannot bind the port `a` before the old one is gone; use `ports: {a: auto}`, or `order: stop-first`"
        ),
        (
            "ports: {a: 80}\nrollout: {order: start-first}",
            "4:22: error: the new instance cannot bind the port `a` before the old one is gone; use `ports: {a: auto}`, or `order: stop-first`"
        ),
        (
            "ports: {a: 80}\nrollout: {rollback: {max_surge: 5%}}",
            "4:37: error: the new instance cannot bind the port `a` before the old one is gone; use `ports: {a: auto}`, or `order: stop-first`"
        ),
        (
            "rollout: {rollback: {order: stop-first, max_surge: 1}}",
            "3:56: error: with `order: stop-first` there is never one more, so `max_surge` has no meaning; leave it out, or use `order: start-first`"
        ),
        (
            "schedule: {every: 1h}\nrollout: {}",
            "4:14: error: a scheduled service's next run is the new one, so `rollout` has no meaning for it; leave it out"
        ),
        (
            "rollout: {}\ndeploy: {update_config: {}}",
            "3:14: error: `rollout` and `deploy.update_config` (at 4:29) are both given; keep one of them"
        ),
        (
            "rollout: {}\ndeploy: {rollback_config: {}}",
            "3:14: error: `rollout` and `deploy.rollback_config` (at 4:31) are both given; keep one of them"
        ),
    ])
    func faults(keys: String, fault: String) {
        #expect(serviceFaults(keys) == [fault])
    }
}
