import LinuxRuntime
import StackModel
import SupervisorCore
import Testing

@testable import DaemonKit

/// Services that are down to none.
@Suite(.serialized) struct EffectInterpreterListenersTests {
    private let bench: Bench

    init() throws {
        bench = try Bench()
    }

    private func service(_ text: String, _ listeners: String..., port: UInt16 = 0) -> ServiceSpec {
        var spec = bench.spec("exec sleep 300", of: text)
        spec.listeners = listeners.map { ListenerSpec(name: $0, address: .tcp(host: "127.0.0.1", port: port)) }
        return spec
    }

    private func port(_ listener: String, of spec: ServiceSpec) throws -> UInt16 {
        try #require(bench.interpreter.listeners.ports(of: spec)[listener])
    }

    private func wakes(of spec: ServiceSpec) -> Int {
        bench.count { if case .connectionWaiting(spec.name) = $0 { true } else { false } }
    }

    /// Turns the loop until whatever was ready has been seen.
    private func settle() throws {
        for _ in 0..<5 { try bench.loop.turn(waiting: false) }
    }

    @Test func aConnectionAtAnyListenerWakesOnce() throws {
        let spec = service("web", "http", "admin")
        bench.carryOut(.openListeners([ServiceRevision(spec)]), .awaitConnection(spec.name))
        try settle()
        #expect(wakes(of: spec) == 0)
        let clients = try ["admin", "http", "admin"].map { try TestClient(port: port($0, of: spec)) }
        try bench.run { wakes(of: spec) > 0 }
        try settle()
        #expect(wakes(of: spec) == 1)
        // Who waits already wakes it at once.
        bench.carryOut(.awaitConnection(spec.name))
        try bench.run { wakes(of: spec) == 2 }
        bench.carryOut(.awaitConnection(spec.name), .ignoreConnections(spec.name))
        try settle()
        #expect(wakes(of: spec) == 2)
        withExtendedLifetime(clients) {}
        bench.carryOut(.closeListeners(spec.name))
    }

    @Test func listenersThatComeLaterWakeToo() throws {
        let (old, new) = (service("web", "http"), service("web", "http", "new"))
        bench.carryOut(.openListeners([ServiceRevision(old)]), .awaitConnection(old.name))
        bench.carryOut(.openListeners([ServiceRevision(new)]))
        let client = try TestClient(port: port("new", of: new))
        try bench.run { wakes(of: new) == 1 }
        withExtendedLifetime(client) {}
        bench.carryOut(.closeListeners(new.name))
    }

    @Test func whoHasTakenAListenerOverIsWokenByIt() throws {
        let web = service("web", "http")
        bench.carryOut(.openListeners([ServiceRevision(web)]), .awaitConnection(web.name))
        let port = try port("http", of: web)
        let api = service("api", "http", port: port)
        bench.carryOut(.closeListeners(web.name), .ignoreConnections(web.name))
        bench.carryOut(.openListeners([ServiceRevision(api)]), .awaitConnection(api.name))
        let client = try TestClient(port: port)
        try bench.run { wakes(of: api) == 1 }
        #expect(wakes(of: web) == 0)
        withExtendedLifetime(client) {}
        bench.carryOut(.closeListeners(api.name))
    }
}
