import StackModel
import SupervisorCore

/// How the services that it makes follow their load.
extension StackGenerator {
    /// Nil for what is not there to serve.
    mutating func autoscale(for spec: ServiceSpec) -> AutoscaleSpec? {
        guard spec.schedule == nil, spec.shouldStayUp, !spec.isAwaitedToComplete else { return nil }
        let metrics = (0...random.below(2)).map { _ in metric(of: spec) }
        let minimum = spec.canComeBack(by: metrics) && random.chance(percent: 50) ? 0 : random.number(in: 1...3)
        return AutoscaleSpec(
            minimum: minimum, maximum: max(minimum, 1) + random.below(4), metrics: metrics,
            interval: random.milliseconds(2_000...10_000), scaleUp: direction(longest: 10_000),
            scaleDown: direction(longest: 40_000),
            processorInitializationPeriod: random.milliseconds(0...30_000),
            initialReadinessDelay: random.milliseconds(0...20_000), idleAfter: random.milliseconds(2_000...30_000),
            pressure: .init(
                cpu: random.chance(percent: 80) ? 900 : nil, memory: random.chance(percent: 80) ? 200 : nil),
            overcommit: .init(cpus: random.pick([500, 1_000, 2_000]), memory: random.pick([500, 1_000, 2_000])))
    }

    /// Its load decides how many replicas it has.
    mutating func scaledService() -> ServiceSpec {
        var spec = service(random.pick(Self.names), dependencies: [])
        spec.schedule = nil
        spec.restart.mode = .always
        spec.autoscale = autoscale(for: spec)
        return spec
    }

    mutating func resources() -> ResourceSpec {
        ResourceSpec(
            cpus: random.chance(percent: 60) ? Millicores(random.pick([250, 500, 1_000, 2_000])) : nil,
            memory: random.chance(percent: 60) ? ByteCount(text: random.pick(["64M", "512M", "2G"])) : nil,
            cpuReservation: random.chance(percent: 20) ? Millicores(200) : nil)
    }

    private mutating func direction(longest window: Int) -> AutoscaleSpec.Direction {
        AutoscaleSpec.Direction(
            stabilizationWindow: random.chance(percent: 40) ? .zero : random.milliseconds(0...window),
            select: random.chance(percent: 90)
                ? random.pick([.maximum, .minimum]) : random.pick(AutoscaleSpec.PolicyChoice.allCases),
            policies: (0...random.below(2)).map { _ in
                let amount: AutoscaleSpec.Policy.Amount =
                    random.chance(percent: 50)
                    ? .replicas(random.number(in: 1...4)) : .percent(random.pick([10, 50, 100]))
                return AutoscaleSpec.Policy(amount, period: random.milliseconds(1_000...30_000))
            },
            tolerance: random.pick([0, 50, 100, 100, 300]))
    }

    private mutating func metric(of spec: ServiceSpec) -> LoadMetric {
        let number = random.below(10)
        let average = LoadMetric.Target.average(random.number(in: 100...50_000))
        switch number {
        case 0..<3:
            let isShare = random.chance(percent: 70)
            return LoadMetric(
                name: "cpu", source: .cpu, target: isShare ? .utilization(percent: random.number(in: 30...90)) : average
            )
        case 3 where spec.resources.memoryRequest != nil:
            return LoadMetric(name: "memory", source: .memory, target: .utilization(percent: 80))
        case 3: return LoadMetric(name: "memory", source: .memory, target: .average(64 << 20))
        case 4 where !spec.listeners.isEmpty: return LoadMetric(name: "queue", source: .acceptQueue, target: average)
        case 5 where !spec.listeners.isEmpty: return LoadMetric(name: "open", source: .connections, target: average)
        case 6 where !spec.routes.isEmpty:
            let name = spec.routes[0].name
            return LoadMetric(
                name: name, source: .route(name: name, .latency), target: .value(random.number(in: 100...2_000)))
        case 7:
            return LoadMetric(
                name: "depth", source: .command(["depth"], timeout: .seconds(1)),
                target: random.chance(percent: 50) ? average : .value(random.number(in: 100...5_000)))
        default:
            let metric = PrometheusMetric(metric: "inflight", port: "http")
            return LoadMetric(name: "inflight", source: .prometheus(metric), target: average)
        }
    }
}

extension ServiceSpec {
    /// Where there is none of it: somebody connects, or a metric of the service as a whole asks for it.
    func canComeBack(by metrics: [LoadMetric]) -> Bool {
        !listeners.isEmpty || !routes.isEmpty || metrics.contains(where: \.tellsDemand)
    }
}
