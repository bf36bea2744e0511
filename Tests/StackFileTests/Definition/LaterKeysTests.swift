import StackModel
import Testing

@testable import StackFile

@Suite struct LaterKeysTests {
    @Test(arguments: [
        (
            "autoscale: {min: 2, max: 8, metrics: [{cpu: 70%}, {memory: 512M}, {accept_queue: 16}, {connections: 9}]}",
            "autoscale"
        ),
        (
            "autoscale: {max: 8, metrics: [{prometheus: {metric: queue_length, target: 0.5}}, {memory: 80%}]}",
            "autoscale"
        ),
        ("resources: {cpus: 0.5, memory: 4G, pids: 100}", "resources"),
        (
            "deploy: {resources: {limits: {cpus: \"0.50\", memory: 50M}, reservations: {memory: 20M}}}",
            "deploy.resources"
        ),
        ("cpus: 1.5", "cpus"), ("cpu_shares: 512", "cpu_shares"), ("cpu_period: 100000", "cpu_period"),
        ("cpu_quota: 50000", "cpu_quota"), ("cpuset: 0-3", "cpuset"), ("mem_limit: 1g", "mem_limit"),
        ("mem_reservation: 1g", "mem_reservation"), ("pids_limit: 100", "pids_limit"),
    ])
    func theyAreCheckedAndSaidNotToBeCarriedOut(keys: String, key: String) {
        let result = load(file(keys))
        #expect(result.spec != nil)
        #expect(result.diagnostics.map(\.message) == ["`\(key)` is checked but not carried out by this version"])
        #expect(result.diagnostics.map(\.severity) == [.warning])
    }

    @Test func theWarningIsGivenOnceAKey() {
        let found = faults(
            """
            services:
              a: {command: [x], resources: {cpus: 1}, cpus: 1}
              b: {command: [x], resources: {cpus: 1}}
            """)
        #expect(
            found == [
                "2:21: warning: `resources` is checked but not carried out by this version",
                "2:43: warning: `cpus` is checked but not carried out by this version",
            ])
    }

    @Test(arguments: [
        ("autoscale: {min: 2, max: 8, metrics: [{cpu: 70%}]}", 2), ("autoscale: {max: 8, metrics: [{cpu: 70%}]}", 1),
        ("autoscale: {min: 0, max: 8, metrics: [{cpu: 70%}]}", 1),
        ("replicas: 3\nautoscale: {min: 2, max: 8, metrics: [{cpu: 70%}]}", 3),
    ])
    func autoscaleGivesTheReplicas(keys: String, replicas: Int) {
        #expect(load(file(keys)).spec?.services.first?.replicas == replicas)
    }

    @Test(arguments: [
        ("autoscale: {min: 3, max: 2, metrics: [{cpu: 70%}]}", "3:30: error: `max` is below `min`; it is 3 or more"),
        (
            "autoscale: {min: 3, metrics: [{cpu: 70%}]}",
            "3:16: error: `autoscale` needs `max`; it is a whole number from 1 to 1000"
        ),
        (
            "autoscale: {max: 0, metrics: [{cpu: 70%}]}",
            "3:22: error: `max` cannot be `0`; it is a whole number from 1 to 1000"
        ),
        ("autoscale: {max: 3, metrics: []}", "3:34: error: `metrics` is empty; name one, such as `{cpu: 70%}`"),
        (
            "autoscale: {max: 3, metrics: [{}]}",
            "3:35: error: a metric names nothing to measure; it names one of `cpu`, `memory`, `accept_queue`, `connections` and `prometheus`"
        ),
        (
            "autoscale: {max: 3, metrics: [{cpu: 70%, connections: 1}]}",
            "3:35: error: a metric names several things to measure; it names one of `cpu`, `memory`, `accept_queue`, `connections` and `prometheus`"
        ),
        (
            "autoscale: {max: 3, metrics: [{cpu: 70}]}",
            "3:41: error: `cpu` cannot be `70`; it is a percentage from 1% to 1000%"
        ),
        (
            "autoscale: {max: 3, metrics: [{accept_queue: 0}]}",
            "3:50: error: `accept_queue` cannot be `0`; it is a whole number from 1 to 1000000"
        ),
        (
            "resources: {cpus: 0}",
            "3:23: error: `cpus` cannot be `0`; it is a number of processors above 0, such as `0.5`"
        ),
        (
            "resources: {cpus: -1}",
            "3:23: error: `cpus` cannot be `-1`; it is a number of processors above 0, such as `0.5`"
        ),
        (
            "resources: {memory: 4X}",
            "3:25: error: `memory` cannot be `4X`; it is a size such as `512M`, `2G` or `1GiB`"
        ),
        ("mem_limit: 0", "3:16: error: `mem_limit` cannot be `0`; it is a size such as `512M`, `2G` or `1GiB`"),
    ])
    func theirFaults(keys: String, fault: String) {
        #expect(load(file(keys)).diagnostics.filter { $0.severity == .error }.map(withoutExcerpt) == [fault])
    }

    @Test func replicasAreWithinTheBoundsOfAutoscale() {
        let keys = "replicas: 9\nautoscale: {min: 2, max: 8, metrics: [{cpu: 70%}]}"
        #expect(
            load(file(keys)).diagnostics.filter { $0.severity == .error }.map(withoutExcerpt) == [
                "3:15: error: `replicas` is not between `min` and `max` of `autoscale`; it is a number from 2 to 8"
            ])
    }
}
