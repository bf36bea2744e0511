import LinuxRuntime
import StackModel
import SupervisorCore

/// The measuring of one service's load that is under way: what is awaited, and what was found.
final class LoadMeasurement {
    let request: LoadRequest
    /// Of the service as it counts now.
    let spec: ServiceSpec
    let instances: [LiveInstance]
    var findings: LoadFindings
    /// How much is to come yet.
    private var awaited = 0
    private var timer: EventLoop.Timer?
    /// Ends what would go on for nothing.
    private var cancellations: [() -> Void] = []
    private let loop: EventLoop
    private var completion: ((LoadMeasurement) -> Void)?

    /// `completion` is called once, on the loop, when all is found that was begun, or after the limit.
    init(
        _ request: LoadRequest, of spec: ServiceSpec, _ instances: [LiveInstance], time: Instant, limit: Duration,
        loop: EventLoop, completion: @escaping (LoadMeasurement) -> Void
    ) {
        self.request = request
        self.spec = spec
        self.instances = instances
        self.loop = loop
        self.completion = completion
        findings = LoadFindings(
            time: time, instances: instances.map { LoadFindings.Instance(id: $0.id, startedAt: Instant($0.startedAt)) })
        timer = loop.schedule(after: limit) { [weak self] in self?.finish() }
    }

    /// Takes what was found in.
    typealias Found = (_ change: (inout LoadFindings) -> Void) -> Void

    /// Begins to find something out. What `start` is given is to be called when that is known; what it gives back ends
    /// it, where there is no more time.
    func find(_ start: (_ found: @escaping Found) -> (() -> Void)?) {
        awaited += 1
        var isOpen = true
        let cancel = start { [weak self] change in
            guard let self, isOpen else { return }
            isOpen = false
            change(&findings)
            awaited -= 1
            if awaited == 0 { finish() }
        }
        if let cancel { cancellations.append { if isOpen { cancel() } } }
    }

    /// Ends it without a word.
    func cancel() {
        completion = nil
        finish()
    }

    private func finish() {
        if let timer { loop.cancel(timer) }
        timer = nil
        for cancel in cancellations { cancel() }
        cancellations = []
        let completion = completion
        self.completion = nil
        completion?(self)
    }

    // MARK: What is to be found out

    private func asks(for source: LoadMetric.Source) -> Bool { request.metrics.contains { $0.source == source } }

    /// By whether there are any, it is known whether the service is idle.
    private var needsClients: Bool { asks(for: .connections) || spec.autoscale?.minimum == 0 }

    var needsListeners: Bool { !spec.listeners.isEmpty && (asks(for: .acceptQueue) || needsClients) }

    /// The numbers of the ports that are to be looked at.
    var ports: [UInt16] {
        guard spec.listeners.isEmpty, asks(for: .acceptQueue) || asks(for: .connections) && spec.routes.isEmpty else {
            return []
        }
        return instances.flatMap { Array($0.context.ports.values) }
    }

    var needsRoutes: Bool {
        guard !spec.routes.isEmpty else { return false }
        return needsClients || request.metrics.contains { if case .route = $0.source { true } else { false } }
    }

    /// Each page once, with what is wanted of it and for how long its instance may take.
    var pages: [(name: PageName, port: UInt16?, selectors: [MetricSelector], timeout: Duration)] {
        var pages: [(name: PageName, port: UInt16?, selectors: [MetricSelector], timeout: Duration)] = []
        for instance in instances {
            for case .prometheus(let metric) in request.metrics.map(\.source) {
                let name = PageName(instance: instance.id, port: metric.port, path: metric.path)
                if let index = pages.firstIndex(where: { $0.name == name }) {
                    pages[index].selectors.append(MetricSelector(metric))
                    pages[index].timeout = max(pages[index].timeout, metric.timeout)
                } else {
                    let port = instance.context.ports[metric.port]
                    pages.append((name, port, [MetricSelector(metric)], metric.timeout))
                }
            }
        }
        return pages
    }

    var commands: [(position: Int, command: [Template], timeout: Duration)] {
        request.metrics.enumerated().compactMap { position, metric in
            guard case .command(let command, let timeout) = metric.source else { return nil }
            return (position, command, timeout)
        }
    }
}
