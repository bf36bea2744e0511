import Glibc
import LinuxRuntime
import StackModel
import SupervisorCore
import Testing

@testable import DaemonKit

/// Against a real HAProxy.
@Suite(.enabled(if: RunningHAProxy.isInstalled)) struct WaitingRequestsTests {
    private let loop: EventLoop
    private let directory: TemporaryDirectory
    private let configuration: RouterConfiguration
    private let web: ServiceName
    private let api: ServiceName
    private let world = World()
    private let waiting: WaitingRequests
    private let credentials: Credentials?
    private var files: RouterFiles
    private let file: String

    private final class World {
        var links: [InstanceID: RouterLink] = [:]
        var readies = 0
        var woken: [ServiceName] = []
        var statistics: [RouteName: Int] = [:]
    }

    init() throws {
        loop = try EventLoop()
        directory = try TemporaryDirectory()
        credentials = geteuid() == 0 ? try? Accounts.credentials(user: "haproxy", group: "haproxy") : nil
        let stack = try StackSpec.example([
            "api": [.example("api", 8082)],
            "web": [.example(queueTimeout: .seconds(60)), .example("raw", 8081, mode: .tcp)],
        ])
        configuration = try #require(RouterConfiguration(of: stack, account: credentials.map { _ in "haproxy" }))
        (web, api) = (try #require(ServiceName("web")), try #require(ServiceName("api")))
        files = RouterFiles(directory: "\(directory.path)/haproxy", group: credentials?.gid)
        file = try files.write(configuration)
        waiting = WaitingRequests(
            loop: loop, isOpen: { [world] in world.links[$0]?.isOpen($1) ?? false },
            onRequest: { [world] in world.woken.append($0) })
        try waiting.listen(at: files.callSocket, user: credentials?.uid)
    }

    private func start(_ serial: UInt64 = 1, sockets: TestSockets? = nil) throws -> RunningHAProxy {
        let haproxy = try RunningHAProxy(
            configuration, file: file, directory: files.directory, instance: serial, sockets: sockets)
        let id = InstanceID(serial: serial)
        let former = world.readies
        world.links[id] = RouterLink(
            socket: files.socket(of: serial), loop: loop,
            handlers: RouterLink.Handlers(
                ready: { [world] in world.readies += 1 }, fault: { Issue.record("\($0)") }, server: { _, _ in },
                route: { [world] row, route, _, _ in world.statistics[route] = row.currentSessions },
                opened: { [waiting] in waiting.opened($0, in: id) }, deleted: { _ in }))
        try loop.run(until: "ready") { world.readies > former }
        return haproxy
    }

    private func end() {
        for link in world.links.values { link.end() }
    }

    private func request(_ haproxy: RunningHAProxy, _ frontend: Int) throws -> Int32 {
        let client = try TestSockets.connect(to: haproxy.ports[frontend])
        let request = Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
        #expect(send(client, request, request.count, 0) == request.count)
        return client
    }

    private func server(_ route: String, _ port: UInt16) -> RoutedServer {
        RoutedServer(
            route: RouteName(service: web, route: route), replica: ReplicaID(service: web, index: 0),
            revision: Revision("r"), instance: InstanceID(serial: 9), port: port)
    }

    private func hasArrived(_ descriptor: Int32) -> Bool {
        var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&wanted, 1, 0) == 1
    }

    /// Answered by `opened` alone: nobody looks again before its second is over.
    @Test(arguments: [("http", 0), ("raw", 1)])
    func theFirstRequestWakesItsServiceAndGoesThere(route: String, frontend: Int) throws {
        let haproxy = try start()
        defer { end() }
        let backend = try TestSockets(count: 1)
        waiting.await(web)
        waiting.await(api)
        let client = try request(haproxy, frontend)
        defer { close(client) }
        try loop.run(until: "it is woken") { !world.woken.isEmpty }
        for link in world.links.values { link.put(server(route, backend.ports[0])) }
        try loop.poll(until: "the request is there") { hasArrived(backend.descriptors[0]) }
        // Once, and nobody else.
        #expect(world.woken == [web])
        #expect(waiting.count == 0)
    }

    @Test func whatWaitsAlreadyWakesItToo() throws {
        let haproxy = try start()
        defer { end() }
        let client = try request(haproxy, 0)
        defer { close(client) }
        try loop.run(until: "it calls") { waiting.count == 1 }
        #expect(world.woken.isEmpty)
        waiting.await(web)
        #expect(world.woken.isEmpty)
        try loop.run(until: "it is told") { world.woken == [web] }
        // Again, as often as somebody asks, and not when nobody does any more.
        waiting.await(web)
        try loop.run(until: "it is told again") { world.woken == [web, web] }
        waiting.await(web)
        waiting.ignore(web)
        waiting.await(api)
        let other = try request(haproxy, 2)
        defer { close(other) }
        try loop.run(until: "the other is told") { world.woken.count > 2 }
        #expect(world.woken == [web, web, api])
    }

    @Test func aCallIsMadeAnewForAsLongAsTheRequestWaits() throws {
        let haproxy = try start()
        defer { end() }
        let client = try request(haproxy, 0)
        defer { close(client) }
        try loop.run(until: "it calls") { waiting.count == 1 }
        try loop.run(until: "the call is over") { waiting.count == 0 }
        try loop.run(until: "it calls again") { waiting.count == 1 }
        for link in world.links.values { link.put(server("http", 9)) }
        try loop.run(until: "the call is over") { waiting.count == 0 }
    }

    /// More than HAProxy calls for in a second; the others look for themselves.
    @Test func allOfACrowdGoThere() throws {
        let haproxy = try start()
        defer { end() }
        let backend = try TestSockets(count: 1)
        waiting.await(web)
        let clients = try (0..<400).map { _ in try request(haproxy, 0) }
        defer { for client in clients { close(client) } }
        try loop.poll(until: "all wait") {
            for link in world.links.values { link.readStatistics {} }
            return world.statistics[RouteName(service: web, route: "http")] == clients.count
        }
        #expect(world.woken == [web])
        #expect((1...200).contains(waiting.count))
        for link in world.links.values { link.put(server("http", backend.ports[0])) }
        var served: [Int32] = []
        defer { for connection in served { close(connection) } }
        try loop.poll(until: "all are there") {
            while hasArrived(backend.descriptors[0]) { served.append(accept(backend.descriptors[0], nil, nil)) }
            return served.count == clients.count
        }
    }

    @Test func oneThatIsReplacedKeepsWhatWaitsInIt() throws {
        let sockets = try TestSockets(count: 3)
        let old = try start(1, sockets: sockets)
        defer { end() }
        let backend = try TestSockets(count: 1)
        let client = try request(old, 0)
        defer { close(client) }
        try loop.run(until: "it calls") { waiting.count == 1 }
        let new = try start(2, sockets: sockets)
        var isAsked = false
        world.links[InstanceID(serial: 1)]?.stop(patience: .seconds(60)) {
            isAsked = true
            #expect(kill(old.pid, SIGUSR1) == 0)
        }
        waiting.await(web)
        try loop.run(until: "it is woken") { world.woken == [web] }
        #expect(!isAsked)
        for link in world.links.values { link.put(server("http", backend.ports[0])) }
        try loop.poll(until: "the request is there") { hasArrived(backend.descriptors[0]) }
        try loop.run(until: "the old one is asked") { isAsked }
        #expect(new.status() == nil)
    }
}
