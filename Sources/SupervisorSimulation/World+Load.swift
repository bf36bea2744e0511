import StackModel
import SupervisorCore

/// The load of services, and what is found out about it.
extension World {
    // MARK: Measurements

    mutating func measureLoad(_ request: LoadRequest) {
        guard let service = universe.indices[request.service] else { return }
        let faults = plan.faults(of: service, at: now)
        var delay = random.microseconds(0...50_000)
        if faults.contains(.measuringLate) {
            // Some never come.
            if random.chance(percent: 20) { return }
            delay = random.milliseconds(0...9_000)
        }
        let report = report(on: request, service, faults)
        schedule(.loadMeasured(request.service, request.run, report), after: delay)
    }

    private mutating func report(on request: LoadRequest, _ service: Int, _ faults: FaultSet) -> LoadReport {
        let serving = request.instances.filter { id in
            guard case .running? = processes[id]?.main else { return false }
            return !faults.contains(.measuringNothing) || random.chance(percent: 60)
        }
        let offered = loads[service].value(at: now)
        let others = processes.values.count { $0.service == service && $0.isAlive }
        let each = offered / max(others, 1)
        let spec = request.instances.compactMap { processes[$0]?.spec }.last ?? universe.services[service]
        let readings = request.metrics.enumerated().map { number, metric -> LoadReport.Reading in
            if faults.contains(.measuringNothing), random.chance(percent: 40) { return .failed("connection refused") }
            let load = LoadReading(metric: metric, resources: spec.resources, strength: 1_000 - 300 * number)
            guard metric.isOfReplicas else { return .service(load.value(of: load.isShared ? each : offered)) }
            return .instances(samples(of: serving, service) { load.value(of: each) * (1_000 + Int($0 % 7)) / 1_000 })
        }
        let isReachable = !spec.listeners.isEmpty || !spec.routes.isEmpty
        return LoadReport(
            readings: readings, processor: samples(of: serving, service) { _ in each },
            memory: samples(of: serving, service) { _ in (64 << 20) + each << 10 },
            connections: isReachable ? (offered + 999) / 1_000 : nil, host: host(faults))
    }

    private mutating func samples(
        of instances: [InstanceID], _ service: Int, _ value: (UInt64) -> Int
    ) -> [LoadReport.Sample] {
        instances.map { id in
            let load = loads[service]
            return LoadReport.Sample(
                instance: id, value: load.reading(of: value(id.serial), at: now, id.serial), time: now,
                window: random.chance(percent: 50) ? .zero : random.milliseconds(0...5_000))
        }
    }

    private mutating func host(_ faults: FaultSet) -> HostRoom {
        if random.chance(percent: 5) { return HostRoom() }
        let isPressed = faults.contains(.hostPressed)
        let isShort = faults.contains(.hostShort)
        return HostRoom(
            cpuPressure: isPressed ? random.number(in: 500...1_000) : 100,
            memoryPressure: isPressed ? random.number(in: 0...1_000) : 0,
            ioPressure: random.chance(percent: 50) ? nil : 0,
            availableMemory: ByteCount(isShort ? Int64(random.below(1_000)) << 20 : 64 << 30),
            memory: ByteCount(isShort ? 1 << 30 : 128 << 30), cpus: Millicores(isShort ? 4_000 : 64_000))
    }

    // MARK: Scale to zero

    /// Somebody comes when there is load again; some come though there is none.
    mutating func awaitConnection(to name: ServiceName) {
        guard let service = universe.indices[name] else { return }
        awaited.insert(service)
        if random.chance(percent: 15) {
            return schedule(.connection(service: service), after: random.milliseconds(0...30_000))
        }
        guard let time = loads[service].nextDemand(from: now) else { return }
        schedule(.connection(service: service), at: time.advanced(by: random.microseconds(0...1_000)))
    }

    /// Also where nobody awaits it any more: it may have been on its way.
    mutating func connect(to service: Int) -> Event? {
        guard awaited.remove(service) != nil || random.chance(percent: 20) else { return nil }
        return .connectionWaiting(universe.services[service].name)
    }

    // MARK: Want of memory

    /// It is the end of the main process, or of another one of the instance.
    mutating func runOutOfMemory(_ id: InstanceID) -> Event? {
        guard let process = processes[id], case .running = process.main, !process.isSpared, !process.faults.isEmpty
        else { return nil }
        let limit = process.spec.resources.memory
        if random.chance(percent: 80) { schedule(.end(id, .signalled(.kill, coreDumped: false)), after: .zero) }
        return .ranOutOfMemory(id, OutOfMemory(peak: limit, limit: limit))
    }
}
