import StackModel
import Testing

@testable import StackFile

@Suite struct AutoscaleTests {
    private static let cpu = LoadMetric(name: "cpu", source: .cpu, target: .utilization(percent: 70))

    @Test func whatIsNotGivenIsTheStandard() throws {
        let spec = try service("autoscale: {max: 8, metrics: [{cpu: 70%}]}")
        #expect(spec.autoscale == AutoscaleSpec(maximum: 8, metrics: [Self.cpu]))
        #expect(try service("").autoscale == nil)
    }

    @Test func everyKey() throws {
        let spec = try service(
            """
            listen: {http: ":80"}
            autoscale:
              min: 0
              max: 8
              metrics: [{cpu: 70%}]
              interval: 1s
              behavior:
                scale_up: {stabilization_window: 1m, select_policy: min, tolerance: 0, policies: [{replicas: 1, period: 1s}]}
                scale_down: {select_policy: disabled, tolerance: 12.5%, policies: [{percent: 10, period: 30m}]}
              cpu_initialization_period: 10s
              initial_readiness_delay: 5s
              idle_after: 1m
              pressure: {cpu: none, memory: 10%, io: 0.5}
              overcommit: {cpus: 150%, memory: 90%}
            """)
        #expect(
            spec.autoscale
                == AutoscaleSpec(
                    minimum: 0, maximum: 8, metrics: [Self.cpu], interval: .seconds(1),
                    scaleUp: .init(
                        stabilizationWindow: .seconds(60), select: .minimum,
                        policies: [.init(.replicas(1), period: .seconds(1))], tolerance: 0),
                    scaleDown: .init(
                        stabilizationWindow: .seconds(300), select: .disabled,
                        policies: [.init(.percent(10), period: .seconds(1800))], tolerance: 125),
                    processorInitializationPeriod: .seconds(10), initialReadinessDelay: .seconds(5),
                    idleAfter: .seconds(60), pressure: .init(cpu: nil, memory: 100, io: 500),
                    overcommit: .init(cpus: 1500, memory: 900)))
    }

    @Test(arguments: [
        ("pressure: none", AutoscaleSpec.PressureLimits(cpu: nil, memory: nil, io: nil)),
        ("pressure: {}", AutoscaleSpec.PressureLimits()),
        ("pressure: {io: none}", AutoscaleSpec.PressureLimits(io: nil)),
    ])
    func pressure(key: String, limits: AutoscaleSpec.PressureLimits) throws {
        #expect(try service("autoscale: {max: 2, metrics: [{cpu: 70%}], \(key)}").autoscale?.pressure == limits)
    }

    @Test(arguments: [
        ("autoscale: {min: 2, max: 8, metrics: [{cpu: 70%}]}", 2), ("autoscale: {max: 8, metrics: [{cpu: 70%}]}", 1),
        ("listen: {a: \":80\"}\nautoscale: {min: 0, max: 8, metrics: [{cpu: 70%}]}", 0),
        ("listen: {a: \":80\"}\nreplicas: 2\nautoscale: {min: 0, max: 8, metrics: [{cpu: 70%}]}", 2),
        ("replicas: 3\nautoscale: {min: 2, max: 8, metrics: [{cpu: 70%}]}", 3),
    ])
    func howManyItBeginsWith(keys: String, replicas: Int) throws {
        #expect(try service(keys).replicas == replicas)
    }

    @Test(arguments: [
        ("min: 3, max: 2, metrics: [{cpu: 70%}]", "30: error: `max` is below `min`; it is 3 or more"),
        ("min: 3, metrics: [{cpu: 70%}]", "16: error: `autoscale` needs `max`; it is a whole number from 1 to 1000"),
        ("max: 0, metrics: [{cpu: 70%}]", "22: error: `max` cannot be `0`; it is a whole number from 1 to 1000"),
        (
            "max: 2, metrics: [{cpu: 70%}], idle_after: 1m",
            "60: error: there is always a replica, so `idle_after` has no meaning; leave it out, or let `min` be 0"
        ),
        (
            "max: 2, metrics: [{cpu: 70%}], interval: 10ms",
            "58: error: `interval` cannot be `10ms`; it is a duration from `100ms` to `1h`"
        ),
        (
            "max: 2, metrics: [{cpu: 70%}], behaviour: {}",
            "48: error: unknown key `behaviour`; did you mean `behavior`?"
        ),
        (
            "max: 2, metrics: [{cpu: 70%}], pressure: {cpu: 200%}",
            "64: error: `cpu` cannot be `200%`; it is a percentage from 0.1% to 100%, or `none`"
        ),
        (
            "max: 2, metrics: [{cpu: 70%}], overcommit: {cpus: 0}",
            "67: error: `cpus` cannot be `0`; it is a percentage from 0.1% to 10000%"
        ),
    ])
    func faults(keys: String, fault: String) {
        #expect(serviceFaults("autoscale: {\(keys)}") == ["3:" + fault])
    }

    @Test(arguments: [
        (
            "scale_up: {stabilization_window: 2h}",
            "error: `stabilization_window` cannot be `2h`; it is a duration up to `1h`"
        ),
        (
            "scale_up: {policies: []}",
            "error: `policies` is empty, so nothing would be allowed; name one, or use `select_policy: disabled`"
        ),
        (
            "scale_down: {policies: [{replicas: 1, percent: 5, period: 1m}]}",
            "error: a policy has either `replicas` or `percent`; such as `{replicas: 2, period: 1m}`"
        ),
        (
            "scale_down: {policies: [{period: 1m}]}",
            "error: a policy has either `replicas` or `percent`; such as `{replicas: 2, period: 1m}`"
        ),
        (
            "scale_down: {policies: [{percent: 5}]}",
            "error: a policy needs `period`; it is a duration from `1s` to `30m`"
        ),
        (
            "scale_down: {policies: [{percent: 5, period: 31m}]}",
            "error: `period` cannot be `31m`; it is a duration from `1s` to `30m`"
        ),
        (
            "scale_down: {policies: [{percent: 0, period: 1m}]}",
            "error: `percent` cannot be `0`; it is a whole number from 1 to 100000"
        ),
        ("scale_up: {select_policy: Max}", "error: `select_policy` cannot be `Max`; did you mean `max`?"),
        ("scale_up: {tolerance: -5%}", "error: `tolerance` cannot be `-5%`; it is a percentage from 0% to 1000%"),
        ("scaleUp: {}", "error: unknown key `scaleUp`; did you mean `scale_up`?"),
    ])
    func faultsOfBehavior(keys: String, fault: String) {
        let found = serviceFaults("autoscale: {max: 2, metrics: [{cpu: 70%}], behavior: {\(keys)}}")
        #expect(found.map { String($0.drop { $0 != "e" }) } == [fault])
    }

    @Test func aLaterFileReplacesMetricsAndPolicies() throws {
        let files = [
            "/a.yaml": file(
                "autoscale: {max: 2, metrics: [{cpu: 70%}], behavior: {scale_up: {policies: [{replicas: 1, period: 1s}]}}}"
            ),
            "/b.yaml":
                "services: {web: {autoscale: {metrics: [{cpu: 50%}], behavior: {scale_up: {policies: [{percent: 5, period: 2s}]}}}}}",
        ]
        let spec = StackFile.load(
            files: ["/a.yaml", "/b.yaml"], environment: [:],
            from: MemoryFileSystem(files.mapValues { "name: x\n" + $0 }), in: "/"
        ).spec
        let autoscale = try #require(spec?.services.first?.autoscale)
        #expect(autoscale.maximum == 2)
        #expect(autoscale.metrics.map(\.target) == [.utilization(percent: 50)])
        #expect(autoscale.scaleUp.policies == [.init(.percent(5), period: .seconds(2))])
    }
}
