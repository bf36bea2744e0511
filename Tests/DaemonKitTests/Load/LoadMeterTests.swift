import Glibc
import LinuxRuntime
import StackModel
import SupervisorCore
import Testing

@testable import DaemonKit

/// Says how often it was asked, and on another path something else.
private let server = #"""
    import http.server, os
    class Handler(http.server.BaseHTTPRequestHandler):
        asked = 0
        def log_message(self, *rest): pass
        def do_GET(self):
            Handler.asked += 1
            if self.path == "/silent": return self.rfile.read(1)
            page = f"# TYPE jobs gauge\njobs 3\n# TYPE asked_total counter\nasked_total {Handler.asked * 100}\n"
            self.send_response(200)
            self.end_headers()
            self.wfile.write(page.encode())
    http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT_ADMIN"])), Handler).serve_forever()
    """#

@Suite(.serialized) struct LoadMeterTests {
    private let bench: Bench
    private let meter: LoadMeter
    private let replica = ReplicaID(service: name("web"), index: 0)

    init() throws {
        bench = try Bench()
        let (meter, loop) = (LoadMeter(bench.interpreter, clock: Clock()), bench.loop)
        meter.readKernel = { [weak meter] work in
            let readings = work()
            loop.schedule(after: .zero) { meter?.take(readings) }
        }
        self.meter = meter
    }

    private func metric(_ source: LoadMetric.Source) -> LoadMetric {
        LoadMetric(name: "metric", source: source, target: .average(1000))
    }

    private func prometheus(_ name: String, path: String = "/metrics", port: String = "admin") -> LoadMetric {
        metric(.prometheus(PrometheusMetric(metric: name, port: port, path: path, timeout: .seconds(20))))
    }

    /// What is measured of the service with so many instances; it is sampled rarely, so that nothing is given up.
    private func report(
        _ spec: ServiceSpec, _ metrics: [LoadMetric], run: UInt64 = 1, instances: [UInt64] = [],
        interval: Duration = .seconds(60), minimum: Int = 1
    ) throws -> LoadReport {
        var spec = spec
        spec.autoscale = AutoscaleSpec(minimum: minimum, maximum: 9, metrics: metrics, interval: interval)
        let request = LoadRequest(
            service: spec.name, run: run, metrics: metrics, instances: instances.map { InstanceID(serial: $0) })
        meter.measure(request, of: spec)
        return try bench.awaited { event in
            guard case .loadMeasured(spec.name, run, let report) = event else { return nil }
            return report
        }
    }

    @Test func whatInstancesUse() throws {
        let spec = bench.spec("while :; do :; done")
        bench.spawn(1, replica, ServiceRevision(spec))
        bench.spawn(2, replica, ServiceRevision(bench.spec("exec sleep 300")))
        _ = try report(spec, [metric(.cpu)], run: 1, instances: [1, 2, 3])
        let busy = try #require(bench.interpreter.runningInstance(InstanceID(serial: 1))).containment.id
        try bench.run {
            // Nothing tells when it has used so much.
            bench.loop.schedule(after: .milliseconds(5)) {}
            return (bench.containments.maker.sampleUsage(of: [busy], [])()[0]?.cpuTime ?? .zero) > .milliseconds(50)
        }
        let second = try report(spec, [metric(.cpu), metric(.memory)], run: 2, instances: [1, 2, 3])
        #expect(second.processor.map(\.instance.serial) == [1, 2])
        #expect(second.processor.allSatisfy { $0.window > .zero && $0.value < 1200 })
        #expect(second.processor[0].value > second.processor[1].value)
        #expect(second.readings[0] == .instances(second.processor) && second.readings[1] == .instances(second.memory))
        #expect(second.memory.allSatisfy { $0.value > 1 << 12 })
        #expect(second.host.memory ?? ByteCount(Int64(0)) > ByteCount(Int64(1 << 24)) && second.host.cpus != nil)
        for serial in [1, 2] as [UInt64] {
            bench.carryOut(.kill(InstanceID(serial: serial)))
            try bench.end(serial)
        }
    }

    @Test func whoWaitsAtItsListeners() throws {
        var spec = bench.spec("exec sleep 300")
        spec.listeners = [ListenerSpec(name: "http", address: .tcp(host: "127.0.0.1", port: 0))]
        bench.carryOut(.openListeners([ServiceRevision(spec)]))
        let port = try #require(bench.interpreter.listeners.ports(of: spec)["http"])
        let clients = try (0..<3).map { _ in try TestClient(port: port) }
        let metrics = [metric(.acceptQueue), metric(.connections)]
        let busy = try report(spec, metrics, minimum: 0)
        #expect(busy.readings[0] == .service(3000))
        #expect(busy.connections == 3)
        withExtendedLifetime(clients) {}
        bench.carryOut(.closeListeners(spec.name))
    }

    @Test func pagesAreReadOnceForAllTheirMetrics() throws {
        var spec = bench.spec("exec python3 -c '\(server)'")
        spec.ports = [PortSpec(name: "admin", assignment: .automatic)]
        bench.spawn(1, replica, ServiceRevision(spec))
        let metrics = [prometheus("jobs"), prometheus("asked_total"), prometheus("jobs", port: "none")]
        var run: UInt64 = 0
        // Until it answers.
        var first: LoadReport
        repeat {
            run += 1
            first = try report(spec, metrics, run: run, instances: [1])
        } while first.readings[0].failure != nil && run < 2_000
        #expect(first.readings[0].values == [3000])
        #expect(first.readings[1].failure == "it tells something from its second page on")
        #expect(first.readings[2].failure == "it has no port none")
        let second = try report(spec, metrics, run: run + 1, instances: [1])
        guard case .instances(let samples) = second.readings[1] else {
            Issue.record("no rate: \(second.readings[1])")
            return
        }
        // It was asked once, whatever time that took.
        #expect(abs(Double(samples[0].value) * samples[0].window.inSeconds - 100_000) < 1000)
        // One that says nothing is waited for no longer than until the next sample.
        let silent = try report(
            spec, [prometheus("jobs", path: "/silent"), metric(.cpu)], run: run + 2, instances: [1],
            interval: .milliseconds(100))
        #expect(silent.readings[0].failure == "no page was read in time" && silent.readings[1].values?.count == 1)
        bench.carryOut(.kill(InstanceID(serial: 1)))
        try bench.end(1)
    }

    @Test func commandsSayWhatTheyPrint() throws {
        let spec = bench.spec("exec sleep 300")
        func command(_ script: String, timeout: Duration = .seconds(20)) -> LoadMetric {
            metric(.command(["/bin/sh", "-c", Template(script)], timeout: timeout))
        }
        let metrics = [
            command("test $STACKD_SERVICE = web && echo 1.5"),
            command("sleep 300 & exec sleep 300", timeout: .milliseconds(50)), command("exit 3"),
        ]
        let report = try report(spec, metrics)
        #expect(report.readings[0] == .service(1500))
        #expect(report.readings[1].failure != nil && report.readings[2].failure != nil)
        // What is asked again takes the place of what goes on.
        meter.measure(LoadRequest(service: spec.name, run: 8, metrics: [command("sleep 300")], instances: []), of: spec)
        #expect(try self.report(spec, [command("echo 2")], run: 9).readings[0] == .service(2000))
        #expect(bench.count { if case .loadMeasured(_, run: 8, _) = $0 { true } else { false } } == 0)
        try bench.run { try bench.containments.maker.leftovers().isEmpty }
    }

    @Test func whatIsScaledNoMoreIsForgotten() throws {
        let spec = bench.spec("exec sleep 300")
        let long = metric(.command(["sleep", "300"], timeout: .seconds(9)))
        meter.measure(LoadRequest(service: spec.name, run: 1, metrics: [long], instances: []), of: spec)
        meter.keep([])
        _ = try report(bench.spec("true", of: "other"), [metric(.cpu)], run: 2)
        #expect(bench.count { if case .loadMeasured(spec.name, _, _) = $0 { true } else { false } } == 0)
        try bench.run { try bench.containments.maker.leftovers().isEmpty }
    }
}

extension LoadReport.Reading {
    fileprivate var failure: String? { if case .failed(let words) = self { words } else { nil } }

    fileprivate var values: [Int]? {
        if case .instances(let samples) = self { samples.map(\.value) } else { nil }
    }
}
