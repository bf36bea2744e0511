import LinuxRuntime
import StackModel
import SupervisorCore

/// What was found out of a service up to now, so that the next findings tell what has happened since.
struct LoadHistory {
    private struct Series: Hashable {
        var page: PageName
        var selector: MetricSelector
    }

    private var processor: [InstanceID: (time: Instant, used: Duration)] = [:]
    private var metrics: [Series: (time: Instant, metric: ScrapedMetric)] = [:]
    private var routes: (time: Instant, counts: [RoutePlace: RouteCount])?

    /// What the findings answer to the request. Of what is not in the request nothing is kept.
    mutating func report(_ findings: LoadFindings, for request: LoadRequest) -> LoadReport {
        let processor = processorSamples(findings)
        let memory = findings.instances.compactMap { instance in
            instance.usage?.workingSetBytes.map {
                LoadReport.Sample(instance: instance.id, value: Int(clamping: $0), time: findings.time)
            }
        }
        let former = metrics
        metrics = [:]
        let routes = routes
        self.routes = findings.routes.map { ($0.time, RouteCount.all(in: $0.statistics)) }
        let readings = request.metrics.enumerated().map { position, metric in
            switch metric.source {
            case .cpu: Self.reading(processor)
            case .memory: Self.reading(memory)
            case .acceptQueue: Self.reading(findings.waiting, "how many connections wait")
            case .connections: Self.reading(findings.connections, "how many connections there are")
            case .prometheus(let metric): prometheus(metric, findings, since: former)
            case .route(let name, let statistic): Self.route(name, statistic, findings.routes, since: routes)
            case .command: Self.reading(of: findings.commands[position])
            }
        }
        return LoadReport(
            readings: readings, processor: processor, memory: memory, connections: findings.clients,
            host: findings.host)
    }

    private static func reading(_ samples: [LoadReport.Sample]) -> LoadReport.Reading {
        samples.isEmpty ? .failed("nothing that runs tells what it uses") : .instances(samples)
    }

    private static func reading(_ number: Int?, _ what: String) -> LoadReport.Reading {
        number.map { .service($0 * 1000) } ?? .failed("the host does not tell \(what)")
    }

    private static func reading(of outcome: CommandReading.Outcome?) -> LoadReport.Reading {
        switch outcome {
        case .number(let number): .service(thousandths(number))
        case .failed(let words): .failed(words)
        case nil: .failed("it had not ended in time")
        }
    }

    /// Held to what is far beyond any load, so that it can be calculated with.
    static func thousandths(_ number: Double) -> Int {
        Int(min(max((number * 1000).rounded(), -1e15), 1e15))
    }

    // MARK: Processor

    /// Of the time since the sample before, or since it was spawned.
    private mutating func processorSamples(_ findings: LoadFindings) -> [LoadReport.Sample] {
        let former = processor
        processor = [:]
        return findings.instances.compactMap { instance in
            guard let used = instance.usage?.cpuTime else { return nil }
            processor[instance.id] = (findings.time, used)
            let (begin, before) = former[instance.id] ?? (instance.startedAt, .zero)
            let window = begin.duration(to: findings.time)
            guard window > .zero else { return nil }
            // Without cgroups, a process that ends takes with it what it used.
            let share = max(0, (used - before) / window)
            return LoadReport.Sample(
                instance: instance.id, value: Self.thousandths(share), time: findings.time, window: window)
        }
    }

    // MARK: Metrics of its own

    private mutating func prometheus(
        _ metric: PrometheusMetric, _ findings: LoadFindings,
        since former: [Series: (time: Instant, metric: ScrapedMetric)]
    ) -> LoadReport.Reading {
        let selector = MetricSelector(metric)
        let reading = MetricReading(metric.reading)
        var samples: [LoadReport.Sample] = []
        var failure: String?
        for instance in findings.instances.map(\.id) {
            let page = PageName(instance: instance, port: metric.port, path: metric.path)
            guard let found = findings.pages[page] else { continue }
            let series = Series(page: page, selector: selector)
            switch found.outcome {
            case .failed(let words): failure = failure ?? words
            case .page(let metrics):
                guard let scraped = metrics.first(where: { $0.selector == selector }) else { continue }
                self.metrics[series] = (found.time, scraped)
                let before = former[series].map { (metric: $0.metric, ago: $0.time.duration(to: found.time)) }
                switch scraped.value(reading, since: before) {
                case .number(let value):
                    let window = scraped.spansTime(reading) ? before?.ago ?? .zero : .zero
                    samples.append(
                        LoadReport.Sample(
                            instance: instance, value: Self.thousandths(value), time: found.time, window: window))
                case .pending: failure = failure ?? "it tells something from its second page on"
                case .failed(let words): failure = failure ?? words
                }
            }
        }
        guard samples.isEmpty else { return .instances(samples) }
        return .failed(failure ?? (findings.instances.isEmpty ? "nothing runs" : "no page was read in time"))
    }

    // MARK: Routes

    private static func route(
        _ name: String, _ statistic: AnalysisMetric.RouteStatistic, _ found: RouteFinding?,
        since former: (time: Instant, counts: [RoutePlace: RouteCount])?
    ) -> LoadReport.Reading {
        guard let found else { return .failed("HAProxy did not answer in time") }
        let own = found.statistics.filter { $0.route == name }
        if statistic == .queue { return .service(own.reduce(0) { $0 + $1.waiting } * 1000) }
        guard let former, former.time < found.time else { return .failed("requests are counted from now on") }
        var count = RouteCount()
        var seconds = 0.0
        for entry in own {
            let increase = RouteCount(entry.counters) - (former.counts[RoutePlace(entry)] ?? RouteCount())
            count += increase
            // The answers to the latest requests stand for those that were counted.
            seconds += (entry.responseTime?.inSeconds ?? 0) * Double(increase.requests)
        }
        let elapsed = former.time.duration(to: found.time).inSeconds
        let requests = Double(count.requests)
        // Where there were none, they took no time and none has failed.
        return switch statistic {
        case .requests, .queue: .service(thousandths(requests / elapsed))
        case .errorRate: .service(thousandths(requests > 0 ? Double(count.errors) / requests : 0))
        case .latency: .service(thousandths(requests > 0 ? seconds / requests : 0))
        }
    }
}

/// One revision of one replica of a route, or the route itself.
private struct RoutePlace: Hashable {
    var route: String
    var replica: Int?
    var revision: Revision?

    init(_ entry: RouteStatistics) {
        route = entry.route
        replica = entry.target?.replica.index
        revision = entry.target?.revision
    }
}

private struct RouteCount {
    var requests = 0
    var errors = 0

    init() {}

    init(_ counters: RouteCounters) {
        requests = counters.requests
        errors = counters.errors
    }

    static func all(in statistics: [RouteStatistics]) -> [RoutePlace: RouteCount] {
        Dictionary(statistics.map { (RoutePlace($0), RouteCount($0.counters)) }) { first, _ in first }
    }

    static func - (left: Self, right: Self) -> Self {
        var difference = RouteCount()
        // Counters do not fall, unless somebody has HAProxy forget them.
        difference.requests = max(0, left.requests - right.requests)
        difference.errors = max(0, left.errors - right.errors)
        return difference
    }

    static func += (left: inout Self, right: Self) {
        left.requests += right.requests
        left.errors += right.errors
    }
}

extension MetricSelector {
    init(_ metric: PrometheusMetric) {
        self.init(
            metric.metric,
            labels: Dictionary(metric.labels.map { ($0.name, $0.value) }) { first, _ in first })
    }
}

extension MetricReading {
    fileprivate init(_ reading: PrometheusMetric.Reading) {
        self =
            switch reading {
            case .automatic: .automatic
            case .gauge: .gauge
            case .rate: .rate
            case .quantile(let thousandths): .quantile(Double(thousandths) / 1000)
            }
    }
}
