import LinuxRuntime
import StackModel
import SupervisorCore

/// Measuring what the autoscaler, or an analysis, asks for, and what nobody asks for but may matter.
extension StackRunner {
    func begin(_ request: LoadRequest) {
        // What is gone by now is measured no more.
        guard let spec = supervisor.spec(of: request.service) else { return }
        loadMeter.measure(request, of: spec)
    }

    /// How long a server may take to answer a query.
    private static let queryTimeout = Duration.seconds(10)

    func readKernel(_ work: @escaping @Sendable () -> KernelReadings) {
        // The loop looks at the queue at the end of each of its turns, this one's included.
        Task { loadMeter.take(await elsewhere(work)) }
    }

    func sample(_ work: @escaping @Sendable () -> Sampler.Sample) {
        Task { sampler.take(await elsewhere(work)) }
    }

    func begin(_ measurement: Measurement) {
        Task {
            let values = await values(of: measurement)
            queue.post(.measured(measurement.service, run: measurement.run, values))
            // The loop looks at the queue at the end of each of its turns, this one's included.
        }
    }

    private func values(of measurement: Measurement) async -> [Measurement.Value] {
        analysisCounters.keep(Set(supervisor.snapshot().services.filter { $0.rollout != nil }.map(\.name)))
        var values: [Measurement.Value] = []
        for metric in measurement.metrics { values.append(await value(of: metric, measurement)) }
        return values
    }

    private func value(of metric: AnalysisMetric, _ measurement: Measurement) async -> Measurement.Value {
        switch metric.source {
        case .restarts:
            let rollout = supervisor.snapshot().services.first { $0.name == measurement.service }?.rollout
            return rollout.map { .number(Double($0.failures)) } ?? .none
        case .probeFailures:
            return probeFailures(metric.name, measurement)
        case .prometheus(let address, let query):
            return await ask(address, query)
        case .route(let name, let statistic):
            return route(metric.name, statistic, of: name, measurement, await interpreter.routes.statistics())
        }
    }

    private func probeFailures(_ metric: String, _ measurement: Measurement) -> Measurement.Value {
        let counts = interpreter.runningInstances.filter { measurement.instances.contains($0.id) }.map {
            ($0.id, AnalysisCounters.Count(all: $0.probeRuns.all, bad: $0.probeRuns.failed))
        }
        return analysisCounters.increase(
            of: metric, measurement.service, to: Dictionary(counts) { first, _ in first }
        ).share
    }

    private func ask(_ address: String, _ query: String) async -> Measurement.Value {
        let answer = await withCheckedContinuation { continuation in
            _ = PrometheusQuery(query, at: address, timeout: Self.queryTimeout, loop: loop) {
                continuation.resume(returning: $0)
            }
        }
        return switch answer {
        case .value(let value): .number(value)
        case .nothing: .none
        case .failed(let words): .failed(words)
        }
    }

    /// Of the new replicas alone: what the others do is no fault of theirs.
    private func route(
        _ metric: String, _ statistic: AnalysisMetric.RouteStatistic, of route: String, _ measurement: Measurement,
        _ statistics: [RouteStatistics]
    ) -> Measurement.Value {
        let own = statistics.filter { entry in
            entry.service == measurement.service && entry.route == route
                && entry.target.map { measurement.instances.contains($0.instance) } ?? false
        }
        switch statistic {
        case .requests:
            return .number(Double(requests(metric, own, measurement).all))
        case .errorRate:
            return requests(metric, own, measurement).share
        case .latency:
            let times = own.compactMap(\.responseTime).map(\.inSeconds)
            return times.isEmpty ? .none : .number(times.reduce(0, +) / Double(times.count))
        case .queue:
            let waiting = statistics.filter { $0.service == measurement.service && $0.route == route }
            return .number(Double(waiting.reduce(0) { $0 + $1.waiting }))
        }
    }

    private func requests(
        _ metric: String, _ own: [RouteStatistics], _ measurement: Measurement
    ) -> AnalysisCounters.Count {
        let counts = own.compactMap { entry in
            entry.target.map {
                ($0.instance, AnalysisCounters.Count(all: entry.counters.requests, bad: entry.counters.errors))
            }
        }
        return analysisCounters.increase(
            of: metric, measurement.service, to: Dictionary(counts) { first, _ in first })
    }
}
