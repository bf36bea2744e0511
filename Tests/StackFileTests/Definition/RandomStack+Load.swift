import StackModel

@testable import StackFile

extension RandomStack {
    mutating func resources() -> ResourceSpec {
        let cpus = maybe { Millicores($0.pick([1000, 1500, 1_024_000])) }
        let memory = maybe { ByteCount($0.pick([1 << 20, 1 << 30, 5_000_000_001])) }
        return ResourceSpec(
            cpus: cpus, cpuPeriod: cpus == nil ? 100_000 : pick([1000, 33_333, 100_000, 1_000_000]),
            cpuWeight: maybe { $0.pick([1, 10_000]) }, cpuSet: maybe { $0.pick(["0", "0-3,8"]) }, memory: memory,
            memoryHigh: maybe { _ in ByteCount(1 << 20) }, memoryReservation: maybe { _ in ByteCount(1 << 20) },
            swap: maybe { ByteCount($0.pick([0, 1, 1 << 40])) }, pids: maybe { $0.pick([1, 4_194_304]) },
            ioWeight: maybe { $0.pick([1, 10_000]) }, cpuReservation: maybe { Millicores($0.pick([1, 999])) })
    }

    /// Of a service that has all else; nil where it begins with none, and nothing would bring it back.
    mutating func autoscale(of spec: ServiceSpec) -> AutoscaleSpec? {
        let isWoken = spec.listeners.isEmpty && !spec.routes.isEmpty
        guard isWoken || spec.replicas > 0 else { return nil }
        let hasFixedPort = spec.ports.contains { $0.assignment != .automatic }
        var sources: [(LoadMetric.Source, LoadMetric.Target)] = [
            (.cpu, .utilization(percent: 70)), (.cpu, .average(1)), (.memory, .average(1)),
            (.memory, .average(1 << 40)),
            (.command(["depth $x"], timeout: duration(from: 1)), pick([.average(1), .value(999_999_999_999_000)])),
        ]
        if spec.resources.memoryRequest != nil { sources.append((.memory, .utilization(percent: 10_000))) }
        for port in spec.ports {
            sources += [(.acceptQueue, .average(1000)), (.connections, .average(1_000_000_000))]
            sources.append((prometheus(port: port.name), .average(pick([1, 1500]))))
        }
        for route in spec.routes {
            let statistic = pick(AnalysisMetric.RouteStatistic.allCases)
            let amount = pick([1, 250, 100_000])
            let isShared = [.requests, .queue].contains(statistic)
            sources.append((.route(name: route.name, statistic), isShared ? .average(amount) : .value(amount)))
        }
        let metrics = (0..<Int.random(in: 1...3, using: &generator)).map { index in
            let (source, target) = pick(sources)
            return LoadMetric(name: "m\(index) $x", source: source, target: target)
        }
        let least = isWoken && flip() ? 0 : min(spec.replicas, 1)
        var autoscale = AutoscaleSpec(
            minimum: least, maximum: hasFixedPort ? 1 : max(spec.replicas, pick([1, 8, 1000])), metrics: metrics,
            interval: pick([.milliseconds(100), .seconds(3600)]), scaleUp: direction(), scaleDown: direction(),
            processorInitializationPeriod: duration(from: 0), initialReadinessDelay: duration(from: 0),
            pressure: AutoscaleSpec.PressureLimits(cpu: maybe { _ in 1 }, memory: maybe { _ in 1000 }, io: nil),
            overcommit: AutoscaleSpec.Overcommit(cpus: pick([1, 100_000]), memory: pick([999, 1000])))
        if least == 0 { autoscale.idleAfter = duration(from: 1) }
        return autoscale
    }

    private mutating func prometheus(port: String) -> LoadMetric.Source {
        .prometheus(
            PrometheusMetric(
                metric: "a:b_c",
                labels: ["a", "no"].filter { _ in flip() }.map {
                    .init(name: $0, value: pick(["$x", "1", "no", "a b"]))
                },
                reading: pick([.automatic, .gauge, .rate, .quantile(1), .quantile(999), .quantile(1000)]), port: port,
                path: pick(["/", "/m?$x"]), timeout: duration(from: 1)))
    }

    private mutating func direction() -> AutoscaleSpec.Direction {
        AutoscaleSpec.Direction(
            stabilizationWindow: pick([.zero, .seconds(3600)]), select: pick(AutoscaleSpec.PolicyChoice.allCases),
            policies: (0..<Int.random(in: 1...2, using: &generator)).map { _ in
                AutoscaleSpec.Policy(
                    pick([.replicas(1), .replicas(1000), .percent(1), .percent(100_000)]),
                    period: pick([.seconds(1), .seconds(1800)]))
            }, tolerance: pick([0, 100, 333, 10_000]))
    }
}
