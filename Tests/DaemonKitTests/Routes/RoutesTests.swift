import Glibc
import LinuxRuntime
import StackModel
import SupervisorCore
import Testing

@testable import DaemonKit

/// Against a real HAProxy, which the interpreter runs.
@Suite(.enabled(if: RunningHAProxy.isInstalled)) struct RoutesTests {
    private let bench: Bench
    private let web: ServiceName
    private let router = InstanceID(serial: 1)
    private let instance = InstanceID(serial: 2)

    init() throws {
        bench = try Bench()
        web = try #require(ServiceName("web"))
    }

    private func spec(_ revision: String, _ routes: [RouteSpec]) -> ServiceSpec {
        var spec = bench.spec("exec sleep 1000")
        spec.definition = Revision(revision)
        spec.ports = ["other", "web"].map { PortSpec(name: $0, assignment: .automatic) }
        spec.routes = routes
        return spec
    }

    /// Runs HAProxy and the service's instance, and has it be in rotation; the port of the route.
    private func start(_ spec: ServiceSpec) throws -> UInt16 {
        let stack = StackSpec(name: "shop", directory: bench.directory, services: [spec])
        let own = try #require(try bench.interpreter.routes.routed(stack)[.router])
        bench.carryOut(.openListeners([ServiceRevision(own)]))
        try #require(bench.spawn(router.serial, ReplicaID(service: .router, index: 0), ServiceRevision(own)) == nil)
        try #require(bench.spawn(instance.serial, ReplicaID(service: web, index: 0), ServiceRevision(spec)) == nil)
        bench.carryOut(.enterRotation(instance))
        _ = try bench.awaited { event in if case .notified(router, .ready) = event { true } else { nil } }
        return try #require(bench.interpreter.listeners.ports(of: own).values.first)
    }

    private func statistics() throws -> [RouteStatistics] {
        var result: [RouteStatistics]?
        bench.interpreter.routes.statistics { result = $0 }
        try bench.run { result != nil }
        return result ?? []
    }

    private func isReadable(_ descriptor: Int32) -> Bool {
        var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&wanted, 1, 30_000) == 1
    }

    @Test func aServerStaysWithItsRequestsWhenItsServiceChangesLive() throws {
        let route = RouteSpec.example("raw", 0, mode: .tcp)
        let former = spec("a", [route])
        let port = try start(former)
        let live = try #require(bench.interpreter.runningInstances.first { $0.id == instance })
        let backend = try Listener(.tcp(host: "127.0.0.1", port: try #require(live.context.ports["web"])))
        let client = try TestSockets.connect(to: port)
        defer { close(client) }
        // Before the connection is at the replica, there is nothing to be cut.
        try #require(isReadable(backend.descriptor))
        let server = accept(backend.descriptor, nil, nil)
        try #require(server >= 0)
        defer { close(server) }

        bench.carryOut(
            .adopt(instance, ServiceRevision(spec("b", [route, .example("more", 0, mode: .tcp)]))),
            .enterRotation(instance))
        // Commands are carried out in their order: HAProxy has done all that by now.
        for _ in 0..<3 { _ = try statistics() }
        #expect(write(client, "x", 1) == 1)
        var byte: UInt8 = 0
        try #require(isReadable(server))
        #expect(recv(server, &byte, 1, 0) == 1)
        let own = try statistics().filter { $0.target?.instance == instance && $0.route == "raw" }
        #expect(own.map(\.counters.requests) == [1])
        #expect(bench.observations(of: .replica(ReplicaID(service: .router, index: 0))).isEmpty)
    }

    @Test func aRouteThatIsLedToAnotherPortGoesThere() throws {
        var route = RouteSpec.example("raw", 0, mode: .tcp)
        let port = try start(spec("a", [route]))
        let live = try #require(bench.interpreter.runningInstances.first { $0.id == instance })
        let other = try Listener(.tcp(host: "127.0.0.1", port: try #require(live.context.ports["other"])))
        route.port = "other"
        bench.carryOut(.adopt(instance, ServiceRevision(spec("b", [route]))), .enterRotation(instance))
        for _ in 0..<3 { _ = try statistics() }
        let client = try TestSockets.connect(to: port)
        defer { close(client) }
        #expect(isReadable(other.descriptor))
    }

    /// Whoever leaves, comes and leaves again has left only once what it has by then is done.
    @Test func anEarlierLeaveIsNoAnswerToALaterOne() throws {
        let former = spec("a", [.example("raw", 0, mode: .tcp)])
        let port = try start(former)
        let live = try #require(bench.interpreter.runningInstances.first { $0.id == instance })
        let backend = try Listener(.tcp(host: "127.0.0.1", port: try #require(live.context.ports["web"])))
        let client = try TestSockets.connect(to: port)
        defer { close(client) }
        try #require(isReadable(backend.descriptor))
        bench.carryOut(.leaveRotation(instance), .enterRotation(instance), .leaveRotation(instance))
        for _ in 0..<3 { _ = try statistics() }
        #expect(bench.count(hasLeft) == 0)
        close(accept(backend.descriptor, nil, nil))
        try bench.run { bench.count(hasLeft) == 1 }
    }

    private func hasLeft(_ event: Event) -> Bool {
        if case .leftRotation(instance) = event { true } else { false }
    }
}
