import StackModel
import SupervisorCore

/// How the services that it makes are replaced, and what of them is seen from outside.
extension StackGenerator {
    mutating func rollout(for probes: ProbeSet) -> RolloutSpec {
        let pace = pace()
        // Longer than it takes a replacement that does as it should to be available.
        var natural = Duration.seconds(30) + pace.minReady + pace.delay
        for probe in [probes.startup, probes.readiness].compactMap({ $0 }) {
            natural += probe.initialDelay + (probe.period + probe.timeout) * (probe.successThreshold + 1)
        }
        return RolloutSpec(
            pace: pace, rollbackPace: random.chance(percent: 20) ? self.pace() : nil,
            progressDeadline: natural + random.milliseconds(5_000...90_000),
            onFailure: random.chance(percent: 60) ? .rollback : random.pick(RolloutSpec.FailureAction.allCases),
            failureTolerance: random.chance(percent: 80) ? 0 : random.pick([250, 500, 1_000]), steps: steps())
    }

    private mutating func pace() -> RolloutSpec.Pace {
        var pace: RolloutSpec.Pace
        switch random.below(10) {
        case 0..<3: pace = .startFirst
        case 3..<6: pace = .stopFirst
        default: pace = RolloutSpec.Pace(maxSurge: quota(), maxUnavailable: quota())
        }
        if random.chance(percent: 35) { pace.minReady = random.milliseconds(500...5_000) }
        if random.chance(percent: 15) { pace.delay = random.milliseconds(500...3_000) }
        return pace
    }

    private mutating func quota() -> Quota {
        random.chance(percent: 50) ? .count(random.below(3)) : .percent(random.pick([0, 20, 34, 50, 100]))
    }

    private mutating func steps() -> [RolloutSpec.Step] {
        guard random.chance(percent: 30) else { return [] }
        return (0...random.below(4)).map { _ in
            switch random.below(5) {
            case 0..<2: .replicas(random.chance(percent: 50) ? .count(random.number(in: 1...3)) : quota())
            case 2: .pause(random.chance(percent: 70) ? random.milliseconds(0...10_000) : nil)
            default: .analysis(analysis())
            }
        }
    }

    private mutating func analysis() -> AnalysisSpec {
        let metrics = (0...random.below(2)).map { number in
            let kind = random.below(3)
            return AnalysisMetric(
                name: "m\(number)", source: random.chance(percent: 50) ? .restarts : .probeFailures,
                success: kind == 0 ? nil : .init(.less, 0.4), failure: kind == 1 ? nil : .init(.greater, 0.6))
        }
        return AnalysisSpec(
            interval: random.milliseconds(200...4_000), count: random.number(in: 1...4),
            failureLimit: random.below(2), inconclusiveLimit: random.below(2),
            consecutiveErrorLimit: random.below(4), metrics: metrics)
    }

    mutating func routes() -> [RouteSpec] {
        (0...random.below(2)).map { number in
            RouteSpec(
                name: "route\(number)", listen: .tcp(host: "127.0.0.1", port: UInt16(9_000 + number)), port: "http",
                drain: random.chance(percent: 10) ? .zero : random.milliseconds(200...4_000))
        }
    }

    mutating func secrets() -> [SecretSpec] {
        [SecretSpec(name: "key", path: "/key", digest: "s\(random.below(1_000))")]
    }

    mutating func executable() -> ExecutableFile {
        ExecutableFile(path: "/program", digest: "d\(random.below(1_000))")
    }

    mutating func command(flawed percent: Int) -> [Template] {
        guard random.chance(percent: percent) else { return [Flaw.program] }
        return [Flaw.program, Template(random.pick(Flaw.allCases).rawValue)]
    }

    /// Something of the service that is replaced for it, or something that its instances take over as they run.
    mutating func alter(_ spec: inout ServiceSpec) {
        switch random.below(12) {
        case 0..<4:
            spec.process.command = command(flawed: 45)
            if random.chance(percent: 50) { spec.process.command.append(Template(String(random.next()))) }
        case 4: spec.executable = executable()
        case 5:
            spec.onSecretChange = random.pick([.rollout, .signal(.hangup), .nothing])
            spec.secrets = secrets()
        case 6: spec.rollout = rollout(for: spec.probes)
        case 7: spec.restart.backoff.maximum += random.milliseconds(0...5_000)
        case 8: spec.stop.gracePeriod = random.milliseconds(200...10_000)
        case 9:
            spec.probes.readiness?.failureThreshold = random.number(in: 1...4)
            spec.probes.liveness?.failureThreshold = random.number(in: 1...4)
        case 10:
            for index in spec.dependencies.indices where spec.dependencies[index].condition != .completedSuccessfully {
                spec.dependencies[index].restart = random.chance(percent: 50)
            }
        default: if !spec.routes.isEmpty { spec.routes = routes() }
        }
    }
}
