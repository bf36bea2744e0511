import Glibc
import LinuxRuntime
import StackModel
import SupervisorCore
import Testing

@testable import DaemonKit

/// Against a real HAProxy.
@Suite(.enabled(if: RunningHAProxy.isInstalled)) struct RouterLinkTests {
    private let loop: EventLoop
    private let directory: TemporaryDirectory
    private let configuration: RouterConfiguration
    private let web: ServiceName
    private let log = Log()
    private var files: RouterFiles
    private let file: String

    /// What the link has told.
    private final class Log {
        var readies = 0
        var faults: [String] = []
        var servers: [String: HAProxyStatistics.Row] = [:]
        var routes: [String: (row: HAProxyStatistics.Row, isWaitedFor: Bool)] = [:]
        var opened: [String] = []
        var deleted: [String] = []
    }

    init() throws {
        loop = try EventLoop()
        directory = try TemporaryDirectory()
        let stack = try StackSpec.example([
            "web": [.example(queueTimeout: .seconds(20)), .example("raw", 8081, mode: .tcp, queueTimeout: .seconds(1))]
        ])
        configuration = try #require(RouterConfiguration(of: stack, account: nil))
        web = try #require(ServiceName("web"))
        files = RouterFiles(directory: "\(directory.path)/haproxy")
        file = try files.write(configuration)
    }

    private func start(sockets: TestSockets? = nil) throws -> RunningHAProxy {
        try RunningHAProxy(configuration, file: file, directory: files.directory, instance: 1, sockets: sockets)
    }

    private func link() -> RouterLink {
        RouterLink(
            socket: files.socket(of: 1), loop: loop,
            handlers: RouterLink.Handlers(
                ready: { [log] in log.readies += 1 }, fault: { [log] in log.faults.append($0) },
                server: { [log] row, server in log.servers[server.path] = row },
                route: { [log] row, route, _, isWaitedFor in log.routes["\(route)"] = (row, isWaitedFor) },
                opened: { [log] in log.opened.append("\($0)") },
                deleted: { [log] in log.deleted.append($0.path) }))
    }

    private func server(_ route: String, _ index: Int, _ serial: UInt64, _ port: UInt16 = 9) -> RoutedServer {
        RoutedServer(
            route: RouteName(service: web, route: route), replica: ReplicaID(service: web, index: index),
            revision: Revision("r"), instance: InstanceID(serial: serial), port: port)
    }

    /// The servers that HAProxy has by itself, with their states (`show servers state`: operational, administrative).
    private func states() throws -> [String: String] {
        var text: String?
        let admin = HAProxyAdmin(path: files.socket(of: 1), loop: loop, onOpen: {}, onLost: { _ in })
        try loop.run(until: "connected") { admin.isOpen }
        admin.send("show servers state") { text = String(decoding: $0 ?? [], as: UTF8.self) }
        try loop.run(until: "answered") { text != nil }
        admin.close()
        let lines = (text ?? "").split(separator: "\n").map { $0.split(separator: " ") }.filter { $0.count > 7 }
        return Dictionary(
            lines.dropFirst().filter { $0[3] != "nobody" }.map { ("\($0[1])/\($0[3])", "\($0[5]) \($0[6])") },
            uniquingKeysWith: { $1 })
    }

    private func read(_ link: RouterLink) throws {
        var isRead = false
        link.readStatistics { isRead = true }
        try loop.run(until: "read") { isRead }
    }

    @Test func itIsReadyWhenEverythingIsWritten() throws {
        let link = link()
        defer { link.end() }
        link.put(server("http", 0, 5))
        link.put(server("raw", 0, 5))
        link.put(server("gone", 0, 5))
        for index in 1..<400 { link.put(server("http", index, 100 + UInt64(index))) }
        // It may be there before HAProxy is.
        let haproxy = try start()
        try loop.run(until: "ready") { log.readies == 1 }
        let states = try states()
        #expect(states.count == 401)
        #expect(states[server("http", 0, 5).path] == "2 0")
        #expect(states[server("raw", 0, 5).path] == "2 0")
        try read(link)
        #expect(log.routes["web:http"]?.isWaitedFor == false)
        #expect(log.faults.isEmpty)
        #expect(haproxy.status() == nil)
    }

    @Test func aServerThatHasNothingLeavesAtOnceAndIsDeletedWhenItEnds() throws {
        let haproxy = try start()
        let link = link()
        defer { link.end() }
        try loop.run(until: "ready") { log.readies == 1 }
        link.put(server("http", 0, 5))
        link.put(server("http", 1, 6))
        var isDrained = false
        link.drain(server("http", 0, 5)) { isDrained = true }
        #expect(!isDrained)
        try loop.run(until: "drained") { isDrained }
        #expect(try states() == [server("http", 0, 5).path: "2 8", server("http", 1, 6).path: "2 0"])
        // Once more, and back.
        link.put(server("http", 0, 5))
        try read(link)
        #expect(try states()[server("http", 0, 5).path] == "2 0")
        link.remove(server("http", 0, 5))
        try loop.run(until: "deleted") { !log.deleted.isEmpty }
        #expect(log.deleted == [server("http", 0, 5).path])
        #expect(try states() == [server("http", 1, 6).path: "2 0"])
        #expect(log.faults.isEmpty)
        #expect(haproxy.status() == nil)
    }

    @Test func aServerThatHasAConnectionLeavesWhenThatEnds() throws {
        let haproxy = try start()
        let backend = try TestSockets(count: 1)
        let link = link()
        defer { link.end() }
        try loop.run(until: "ready") { log.readies == 1 }
        link.put(server("raw", 0, 5, backend.ports[0]))
        try read(link)
        let client = try TestSockets.connect(to: haproxy.ports[1])
        try loop.poll(until: "it is with the server") {
            try read(link)
            return log.servers[server("raw", 0, 5, backend.ports[0]).path]?.currentSessions == 1
        }
        var isDrained = false
        link.drain(server("raw", 0, 5, backend.ports[0])) { isDrained = true }
        for _ in 0..<5 { try read(link) }
        #expect(!isDrained)
        // HAProxy ends it when both sides have.
        let accepted = accept(backend.descriptors[0], nil, nil)
        close(client)
        close(accepted)
        try loop.run(until: "drained") { isDrained }
        try read(link)
        #expect(log.routes["web:raw"]?.isWaitedFor == true)
    }

    @Test func whatWaitsGoesToTheFirstThatComes() throws {
        let haproxy = try start()
        let backend = try TestSockets(count: 1)
        let link = link()
        defer { link.end() }
        try loop.run(until: "ready") { log.readies == 1 }
        let clients = try (0..<20).map { _ in try TestSockets.connect(to: haproxy.ports[0]) }
        defer { for client in clients { close(client) } }
        let request = Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
        for client in clients { #expect(send(client, request, request.count, 0) == request.count) }
        try loop.poll(until: "all wait") {
            try read(link)
            return log.routes["web:http"]?.row.currentSessions == 20
        }
        #expect(log.routes["web:http"]?.isWaitedFor == true)
        link.put(server("http", 0, 5, backend.ports[0]))
        try loop.poll(until: "all are with the server") {
            try read(link)
            return log.servers[server("http", 0, 5, backend.ports[0]).path]?.currentSessions == 20
        }
    }

    @Test func aConnectionThatWaitsTooLongIsEnded() throws {
        let haproxy = try start()
        let link = link()
        defer { link.end() }
        try loop.run(until: "ready") { log.readies == 1 }
        let client = try TestSockets.connect(to: haproxy.ports[1])
        defer { close(client) }
        var byte: UInt8 = 0
        // The route's limit is a second; nobody answers.
        #expect(recv(client, &byte, 1, 0) <= 0)
        try read(link)
        #expect(log.routes["web:raw"]?.row.denied == 1)
    }

    @Test func anotherProcessIsToldEverythingAgain() throws {
        let sockets = try TestSockets(count: 2)
        var haproxy: RunningHAProxy? = try start(sockets: sockets)
        let link = link()
        defer { link.end() }
        try loop.run(until: "ready") { log.readies == 1 }
        link.put(server("http", 0, 5))
        link.put(server("http", 1, 6))
        try read(link)
        var isDrained = false
        haproxy = nil
        link.drain(server("http", 1, 6)) { isDrained = true }
        try loop.run(until: "none can be known of") { isDrained }
        link.put(server("http", 2, 7))
        haproxy = try start(sockets: sockets)
        try loop.run(until: "ready again") { log.readies == 2 }
        #expect(try states() == [server("http", 0, 5).path: "2 0", server("http", 2, 7).path: "2 0"])
        #expect(log.faults.isEmpty)
        #expect(haproxy?.status() == nil)
    }

    @Test func serversOfAnEarlierDaemonGo() throws {
        let haproxy = try start()
        let former = link()
        try loop.run(until: "ready") { log.readies == 1 }
        former.put(server("http", 0, 5))
        former.put(server("http", 1, 6))
        try read(former)
        former.end()
        let link = link()
        defer { link.end() }
        link.put(server("http", 1, 6))
        link.put(server("http", 2, 7))
        try loop.run(until: "ready") { log.readies == 2 }
        try loop.run(until: "deleted") { log.deleted == [server("http", 0, 5).path] }
        #expect(try states() == [server("http", 1, 6).path: "2 0", server("http", 2, 7).path: "2 0"])
        #expect(log.faults.isEmpty)
        #expect(haproxy.status() == nil)
    }

    @Test func anHAProxyThatIsAskedToEndDoesWhenItsClientsAreServed() throws {
        let haproxy = try start()
        let backend = try TestSockets(count: 1)
        let link = link()
        defer { link.end() }
        try loop.run(until: "ready") { log.readies == 1 }
        let client = try TestSockets.connect(to: haproxy.ports[0])
        let request = Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
        #expect(send(client, request, request.count, 0) == request.count)
        try loop.poll(until: "it waits") {
            try read(link)
            return log.routes["web:http"]?.row.currentSessions == 1
        }
        var isAsked = false
        link.stop(patience: .seconds(20)) {
            isAsked = true
            #expect(kill(haproxy.pid, SIGUSR1) == 0)
        }
        for _ in 0..<5 { try read(link) }
        #expect(!isAsked)
        // What waits there is still led to the replica that comes.
        link.put(server("http", 0, 5, backend.ports[0]))
        try loop.run(until: "it is asked") { isAsked }
        try read(link)
        #expect(log.servers[server("http", 0, 5, backend.ports[0]).path]?.currentSessions == 1)
        // Too late, and no fault of HAProxy's.
        try loop.poll(until: "it takes no more") { haproxy.text.contains("Proxy web:http stopped") }
        link.put(server("http", 1, 6, backend.ports[0]))
        try read(link)
        #expect(log.faults.isEmpty)
        close(accept(backend.descriptors[0], nil, nil))
        close(client)
        // Well before the 30 seconds after which it would end in any case.
        var status: Int32?
        try loop.poll(until: "it has ended") {
            status = haproxy.status()
            return status != nil
        }
        #expect(status == 0)
        #expect(!haproxy.text.contains("hard-stop"), "\(haproxy.text)")
    }
}
