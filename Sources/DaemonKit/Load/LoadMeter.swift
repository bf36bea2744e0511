import LinuxRuntime
import StackModel
import SupervisorCore

/// Measures what the autoscaler asks for. It belongs to the loop's thread, and never keeps that waiting.
final class LoadMeter {
    /// How long a measurement takes at the most, unless one of its metrics has more time.
    private static let limit = Duration.seconds(2)
    /// How many pages are read at a time.
    private static let pageLimit = 32

    private let interpreter: EffectInterpreter
    private let clock: Clock
    /// Has the kernel asked on another thread, and its answers taken by `take`.
    var readKernel: ((@escaping @Sendable () -> KernelReadings) -> Void)?
    private let mount = ControlGroupMount.find()
    private var open: [ServiceName: LoadMeasurement] = [:]
    private var histories: [ServiceName: LoadHistory] = [:]
    /// Those of this turn, for which the kernel is asked together.
    private var collected: [(measurement: LoadMeasurement, found: LoadMeasurement.Found)] = []
    /// Who waits for the answers to a query, by its number.
    private var asked: [UInt64: [LoadMeasurement.Found]] = [:]
    private var lastQuery: UInt64 = 0
    /// Pages that wait until others were read.
    private var waitingPages: [() -> Void] = []
    private var openPages = 0

    init(_ interpreter: EffectInterpreter, clock: Clock) {
        self.interpreter = interpreter
        self.clock = clock
    }

    /// Answered by `loadMeasured`, within the interval at which the service is sampled.
    func measure(_ request: LoadRequest, of spec: ServiceSpec) {
        let name = request.service
        open[name]?.cancel()
        let measurement = LoadMeasurement(
            request, of: spec, request.instances.compactMap { interpreter.runningInstance($0) }, time: clock.instant,
            limit: Self.limit(for: request, spec), loop: interpreter.loop
        ) { [weak self] in self?.finish($0) }
        open[name] = measurement
        beginKernel(measurement)
        if measurement.needsRoutes { beginRoutes(measurement) }
        for page in measurement.pages { beginPage(page, measurement) }
        for command in measurement.commands { beginCommand(command, measurement) }
    }

    /// Forgets all other services.
    func keep(_ services: Set<ServiceName>) {
        for (name, measurement) in open where !services.contains(name) {
            open[name] = nil
            measurement.cancel()
        }
        histories = histories.filter { services.contains($0.key) }
    }

    /// Before the next one is due.
    private static func limit(for request: LoadRequest, _ spec: ServiceSpec) -> Duration {
        let timeouts = request.metrics.map { metric in
            switch metric.source {
            case .prometheus(let metric): metric.timeout
            case .command(_, let timeout): timeout
            case .cpu, .memory, .acceptQueue, .connections, .route: Duration.zero
            }
        }
        let interval = spec.autoscale?.interval ?? limit
        return min(interval * 9 / 10, max(limit, timeouts.max() ?? .zero))
    }

    private func finish(_ measurement: LoadMeasurement) {
        let request = measurement.request
        open[request.service] = nil
        let report = histories[request.service, default: LoadHistory()].report(measurement.findings, for: request)
        interpreter.queue.post(.loadMeasured(request.service, run: request.run, report))
    }

    // MARK: The kernel

    private func beginKernel(_ measurement: LoadMeasurement) {
        measurement.find { found in
            collected.append((measurement, found))
            return nil
        }
        guard collected.count == 1 else { return }
        interpreter.loop.schedule(after: .zero) { [weak self] in self?.askKernel() }
    }

    private func askKernel() {
        lastQuery += 1
        var query = KernelQuery(number: lastQuery, mount: mount)
        for measurement in collected.map(\.measurement) {
            query.add(
                interpreter.containments.sampleUsage(of: measurement.instances.map(\.containment.id), .workingSet),
                listeners: measurement.needsListeners
                    ? interpreter.listeners.listeners(of: measurement.request.service) : nil,
                ports: measurement.ports)
        }
        asked[query.number] = collected.map(\.found)
        collected = []
        readKernel?(query.reading)
    }

    /// What the kernel says comes at last.
    func take(_ readings: KernelReadings) {
        for (index, found) in (asked.removeValue(forKey: readings.number) ?? []).enumerated() {
            found { readings.put(index, into: &$0) }
        }
    }

    // MARK: Routes

    private func beginRoutes(_ measurement: LoadMeasurement) {
        let name = measurement.request.service
        measurement.find { found in
            interpreter.routes.statistics { [clock] statistics in
                let finding = RouteFinding(time: clock.instant, statistics: statistics.filter { $0.service == name })
                found { $0.routes = finding }
            }
            return nil
        }
    }

    // MARK: Pages

    private func beginPage(
        _ page: (name: PageName, port: UInt16?, selectors: [MetricSelector], timeout: Duration),
        _ measurement: LoadMeasurement
    ) {
        measurement.find { found in
            let finish = { [clock] (outcome: MetricScrape.Outcome) in
                let finding = PageFinding(time: clock.instant, outcome: outcome)
                found { $0.pages[page.name] = finding }
            }
            guard let port = page.port else {
                interpreter.loop.schedule(after: .zero) { finish(.failed("it has no port \(page.name.port)")) }
                return nil
            }
            let scrape = PageScrape()
            whenThereIsRoom { [unowned self] in
                guard !scrape.isCancelled else { return pageIsRead() }
                scrape.run = MetricScrape(
                    page.selectors, port: port, path: page.name.path, timeout: page.timeout, loop: interpreter.loop
                ) { [weak self] outcome in
                    finish(outcome)
                    self?.pageIsRead()
                }
            }
            return { [weak self] in if scrape.cancel() { self?.pageIsRead() } }
        }
    }

    private func whenThereIsRoom(_ begin: @escaping () -> Void) {
        guard openPages < Self.pageLimit else { return waitingPages.append(begin) }
        openPages += 1
        begin()
    }

    private func pageIsRead() {
        openPages -= 1
        guard !waitingPages.isEmpty else { return }
        openPages += 1
        waitingPages.removeFirst()()
    }

    // MARK: Commands

    private func beginCommand(
        _ command: (position: Int, command: [Template], timeout: Duration), _ measurement: LoadMeasurement
    ) {
        let name = "load-\(measurement.request.run)-\(command.position)-\(measurement.request.service)"
        measurement.find { found in
            do throws(SpawnError) {
                let program = try interpreter.loadProgram(command.command, of: measurement.spec, name)
                let reading = CommandReading(
                    program, timeout: command.timeout, loop: interpreter.loop, spawner: interpreter.spawner,
                    exits: interpreter.exits
                ) { outcome in found { $0.commands[command.position] = outcome } }
                return { reading.cancel() }
            } catch {
                let words = "\(error)"
                interpreter.loop.schedule(after: .zero) {
                    found { $0.commands[command.position] = .failed(words) }
                }
                return nil
            }
        }
    }
}

/// The reading of one page, which may have to wait until it is begun.
private final class PageScrape {
    var run: MetricScrape?
    private(set) var isCancelled = false

    /// Whether it had been begun.
    func cancel() -> Bool {
        isCancelled = true
        run?.cancel()
        return run != nil
    }
}

extension EffectInterpreter {
    /// A command of the service as a whole, in the surroundings of its first replica and in a containment of its own.
    fileprivate func loadProgram(
        _ command: [Template], of spec: ServiceSpec, _ name: String
    ) throws(SpawnError) -> ProbeProgram {
        let context = launcher.context(for: ReplicaID(service: spec.name, index: 0))
        var request = try launcher.request(for: spec, in: context)
        request.arguments = command.map { $0.filled(in: context) }
        return ProbeProgram(request: request) { [containments] () throws(SystemError) in try containments.make(name) }
    }
}
