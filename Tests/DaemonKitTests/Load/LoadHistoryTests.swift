import StackModel
import SupervisorCore
import Testing

@testable import DaemonKit
@testable import LinuxRuntime

private let backend = name("backend")
private let first = InstanceID(serial: 1)
private let second = InstanceID(serial: 2)

private func at(_ seconds: Double) -> Instant { Instant(sinceOrigin: .seconds(seconds)) }

private func request(_ metrics: LoadMetric...) -> LoadRequest {
    LoadRequest(service: backend, run: 1, metrics: metrics, instances: [first, second])
}

private func metric(_ source: LoadMetric.Source) -> LoadMetric {
    LoadMetric(name: "metric", source: source, target: .average(1000))
}

private func findings(_ seconds: Double, _ processor: Double?..., memory: UInt64 = 1 << 20) -> LoadFindings {
    LoadFindings(
        time: at(seconds),
        instances: zip([first, second], processor).map { id, used in
            LoadFindings.Instance(
                id: id, startedAt: at(100),
                usage: used.map { used in
                    var usage = Usage(cpuTime: .seconds(used), processes: 1)
                    usage.workingSetBytes = memory
                    return usage
                })
        })
}

/// The values of a reading, by instance; nil where it is another.
private func values(_ reading: LoadReport.Reading?) -> [UInt64: Int]? {
    guard case .instances(let samples)? = reading else { return nil }
    return Dictionary(samples.map { ($0.instance.serial, $0.value) }) { first, _ in first }
}

private func words(_ reading: LoadReport.Reading?) -> String? {
    guard case .failed(let words)? = reading else { return nil }
    return words
}

@Suite struct LoadHistoryTests {
    private var history = LoadHistory()

    // MARK: Processor and memory

    @Test mutating func theProcessorTimeIsThatSinceTheSampleBefore() {
        // The first sample is since the spawn.
        let first = history.report(findings(104, 1, nil), for: request(metric(.cpu), metric(.memory)))
        #expect(values(first.readings[0]) == [1: 250])
        let sample = LoadReport.Sample(
            instance: InstanceID(serial: 1), value: 250, time: at(104), window: .seconds(4))
        #expect(first.processor == [sample])
        #expect(values(first.readings[1]) == [1: 1 << 20] && first.memory.map(\.window) == [.zero])
        let next = history.report(findings(106, 4, 3), for: request(metric(.cpu)))
        #expect(values(next.readings[0]) == [1: 1500, 2: 500])
        #expect(next.processor.map(\.window) == [.seconds(2), .seconds(6)])
        // A process that has ended took what it used with it.
        #expect(values(history.report(findings(107, 2, 4), for: request(metric(.cpu))).readings[0]) == [1: 0, 2: 1000])
        // No time has passed.
        #expect(values(history.report(findings(107, 2, nil), for: request(metric(.cpu))).readings[0]) == nil)
    }

    @Test mutating func whatIsGoneIsForgotten() {
        _ = history.report(findings(104, 1, 1), for: request(metric(.cpu)))
        _ = history.report(findings(105, 1), for: request(metric(.cpu)))
        // It is taken for one that was just found.
        #expect(values(history.report(findings(110, 1, 5), for: request(metric(.cpu))).readings[0]) == [1: 0, 2: 500])
    }

    // MARK: Sockets

    @Test(
        arguments: [
            (SocketLoad(waiting: 3, connections: 40), SocketLoad?.none, Int?.none, 3, 40, 43),
            (SocketLoad(waiting: 3, connections: 40), nil, 5, 3, 45, 48),
            (nil, SocketLoad(waiting: 2, connections: 6), nil, 2, 6, nil),
            // Those of the ports have come by the route.
            (nil, SocketLoad(waiting: 2, connections: 6), 9, 2, 9, 9),
            (SocketLoad(waiting: 3, connections: nil), nil, nil, 3, nil, nil),
            (SocketLoad(waiting: nil, connections: 4), nil, nil, nil, 4, nil), (nil, nil, nil, nil, nil, nil),
        ] as [(SocketLoad?, SocketLoad?, Int?, Int?, Int?, Int?)])
    func whoWaitsAndIsConnected(
        listeners: SocketLoad?, ports: SocketLoad?, sessions: Int?, waiting: Int?, connections: Int?, clients: Int?
    ) {
        var findings = findings(1)
        (findings.listeners, findings.ports) = (listeners, ports)
        findings.routes = sessions.map { sessions in
            RouteFinding(time: at(1), statistics: [.of(nil, sessions: sessions), .of(0, sessions: 99)])
        }
        var history = history
        let report = history.report(findings, for: request(metric(.acceptQueue), metric(.connections)))
        func service(_ number: Int?) -> Int? { number.map { $0 * 1000 } }
        for (reading, number) in zip(report.readings, [waiting, connections]) {
            if let number { #expect(reading == .service(number * 1000)) } else { #expect(words(reading) != nil) }
        }
        #expect(report.connections == clients)
    }

    @Test func oneListenerThatNobodyCanTellOfLeavesNothingToTell() {
        let known = ListenerLoad(waiting: 1, capacity: 9, connections: 2)
        #expect(SocketLoad([known, known]) == SocketLoad(waiting: 2, connections: 4))
        #expect(SocketLoad([known, nil]) == SocketLoad())
        #expect(SocketLoad([known, ListenerLoad(waiting: 1, capacity: 9)]) == SocketLoad(waiting: 2))
        #expect(SocketLoad([]) == SocketLoad(waiting: 0, connections: 0))
    }

    // MARK: Commands

    @Test mutating func commands() {
        let metrics = [metric(.command(["a"], timeout: .zero)), metric(.cpu), metric(.command(["b"], timeout: .zero))]
        var findings = findings(101, 0)
        findings.commands = [0: .number(1.2345), 2: .failed("it exited with status 1")]
        let asked = LoadRequest(service: backend, run: 1, metrics: metrics, instances: [first])
        let report = history.report(findings, for: asked)
        #expect(report.readings[0] == .service(1235))
        #expect(words(report.readings[2]) == "it exited with status 1")
        findings.commands = [0: .number(.greatestFiniteMagnitude), 2: .number(-1e300)]
        let readings = history.report(findings, for: asked).readings
        #expect(readings[0] == .service(1_000_000_000_000_000) && readings[2] == .service(-1_000_000_000_000_000))
        findings.commands = [:]
        #expect(words(history.report(findings, for: asked).readings[0]) == "it had not ended in time")
    }

    // MARK: Routes

    @Test mutating func aRouteIsCountedFromMeasurementToMeasurement() {
        let metrics = [AnalysisMetric.RouteStatistic.requests, .errorRate, .latency, .queue].map {
            metric(.route(name: "web", $0))
        }
        let asked = LoadRequest(service: backend, run: 1, metrics: metrics, instances: [])
        func report(_ seconds: Double, _ statistics: RouteStatistics...) -> [LoadReport.Reading] {
            var findings = findings(seconds)
            findings.routes = RouteFinding(time: at(seconds), statistics: statistics)
            return history.report(findings, for: asked).readings
        }
        let begin = report(1, .of(0, requests: 1000, errors: 500), .of(nil, waiting: 4))
        #expect(begin[..<3].allSatisfy { words($0) != nil } && begin[3] == .service(4000))
        // 30 requests of 20 ms, and 10 of 100 ms of a replica that has come; 4 have failed. Another route is no matter.
        let next = report(
            3, .of(0, requests: 1030, errors: 502, time: 20), .of(1, requests: 10, errors: 2, time: 100),
            .of(0, requests: 900, route: "other"))
        #expect(next == [.service(20_000), .service(100), .service(40), .service(0)])
        let idle = report(
            5, .of(0, requests: 1030, errors: 502, time: 20), .of(1, requests: 10, errors: 2, time: 100))
        #expect(idle == [.service(0), .service(0), .service(0), .service(0)])
        #expect(words(history.report(findings(6), for: asked).readings[3]) == "HAProxy did not answer in time")
    }

    // MARK: Host

    @Test func theHost() {
        let load = HostLoad(
            cpuPressure: HostLoad.Pressure(some: 12, full: 3), memoryPressure: nil,
            ioPressure: HostLoad.Pressure(some: 500), memory: 8 << 30, availableMemory: 1 << 30, processors: 2000)
        #expect(
            HostRoom(load)
                == HostRoom(
                    cpuPressure: 12, ioPressure: 500, availableMemory: ByteCount(text: "1G"),
                    memory: ByteCount(text: "8G"), cpus: Millicores(2000)))
    }
}

extension RouteStatistics {
    fileprivate static func of(
        _ replica: Int?, requests: Int = 0, errors: Int = 0, time: Int? = nil, sessions: Int = 0, waiting: Int = 0,
        route: String = "web"
    ) -> RouteStatistics {
        var counters = RouteCounters()
        counters.requests = requests
        counters.responses[4] = errors
        return RouteStatistics(
            service: backend, route: route,
            target: replica.map {
                Target(
                    replica: ReplicaID(service: backend, index: $0), revision: Revision("a"),
                    instance: InstanceID(serial: 1))
            }, counters: counters, sessions: sessions, waiting: waiting,
            responseTime: time.map { .milliseconds($0) })
    }
}
