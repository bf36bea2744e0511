import LinuxRuntime
import StackModel
import SupervisorCore

/// The daemon's side of one HAProxy, from its spawn until it has ended: keeps the HAProxy's servers as they should be.
///
/// What should be is kept here; after every connection, the first one or another, HAProxy is asked what there is, and
/// all of it is put right before it counts as ready.
final class RouterLink {
    struct Handlers {
        /// It has been told of everything, once more.
        var ready: () -> Void
        /// It does not do as it is told; in words.
        var fault: (String) -> Void
        /// What it says of a server.
        var server: (HAProxyStatistics.Row, RoutedServer) -> Void
        /// What it says of a route, with the failures and the sessions of the route's servers; whether none takes
        /// requests.
        var route: (HAProxyStatistics.Row, RouteName, (failures: Int, sessions: Int), _ isWaitedFor: Bool) -> Void
        /// Requests of a route go to its servers from now on.
        var opened: (RouteName) -> Void
        /// It has a server no more.
        var deleted: (RoutedServer) -> Void
    }

    /// What should be of one server.
    private struct Wish {
        var server: RoutedServer
        /// It is given requests; otherwise it ends those that it has.
        var takesRequests: Bool
    }

    /// What there is of one route.
    private struct Backend {
        var servers: [String: RoutedServer] = [:]
        /// Requests go to the servers, and do not wait; nil: not known.
        var isOpen: Bool?
        /// The failures that servers had which are gone.
        var goneFailures = 0
    }

    private static let reconnectDelays = Duration.milliseconds(10)...Duration.seconds(1)
    private static let drainDelays = Duration.milliseconds(20)...Duration.milliseconds(500)
    /// A thread of HAProxy may have chosen a server just before, and not counted the request yet.
    private static let settling = Duration.milliseconds(10)
    private static let repairDelay = Duration.seconds(1)
    private static let stopPeriod = Duration.milliseconds(50)

    private let loop: EventLoop
    private let socket: String
    private let handlers: Handlers
    private var wishes: [RouteName: [String: Wish]] = [:]
    private var backends: [RouteName: Backend] = [:]
    private var admin: HAProxyAdmin?
    /// HAProxy's servers are as they should be, but for commands under way.
    private var isInStep = false
    private var isEnded = false
    private var timers: [Task: EventLoop.Timer] = [:]
    private var reconnectDelay = reconnectDelays.lowerBound
    private var drainDelay = drainDelays.lowerBound
    /// Who wants to know when a server has no request left, by when HAProxy was told to give it none.
    private var drains: [RoutedServer: [(since: MonotonicTime, done: () -> Void)]] = [:]
    /// Servers that are to be deleted as soon as they let themselves.
    private var leftovers: Set<RoutedServer> = []

    /// What is done later, each at most once at a time.
    private enum Task: Hashable {
        case connect, lookAtDrains, deleteLeftovers, repair, watchStop
    }

    init(socket: String, loop: EventLoop, handlers: Handlers) {
        self.socket = socket
        self.loop = loop
        self.handlers = handlers
        connect()
    }

    /// Requests of the route go to its servers, or will in a moment.
    func isOpen(_ route: RouteName) -> Bool { backends[route]?.isOpen == true }

    /// The routes that this HAProxy has.
    var routes: some Sequence<RouteName> { backends.keys }

    /// It has ended; nothing is called any more, but for drains that are waited for.
    func end() {
        isEnded = true
        for timer in timers.values { loop.cancel(timer) }
        timers = [:]
        admin?.close()
        admin = nil
        finishAllDrains()
    }

    // MARK: What should be

    /// The server takes requests from now on.
    func put(_ server: RoutedServer) {
        wishes[server.route, default: [:]][server.name] = Wish(server: server, takesRequests: true)
        finishDrains(of: server)
        guard isInStep, backends[server.route] != nil else { return }
        writeServer(server)
        writeSign(server.route)
    }

    /// The server takes none from now on. `done` is called when it has none any more, at once where none can be known
    /// of.
    func drain(_ server: RoutedServer, done: @escaping () -> Void) {
        wishes[server.route]?[server.name]?.takesRequests = false
        guard isInStep, backends[server.route]?.servers[server.name] != nil else { return done() }
        writeSign(server.route)
        admin?.send("set server \(server.path) state drain") { [weak self] answer in
            // Numbers that are told from here on are of later.
            guard let self, answer != nil, wishes[server.route]?[server.name]?.takesRequests == false else {
                return done()
            }
            drains[server, default: []].append((.now, done))
            drainDelay = Self.drainDelays.lowerBound
            later(.lookAtDrains, after: drainDelay)
        }
    }

    /// The server is no more.
    func remove(_ server: RoutedServer) {
        wishes[server.route]?[server.name] = nil
        finishDrains(of: server)
        guard isInStep, backends[server.route]?.servers[server.name] != nil else { return }
        writeSign(server.route)
        clear(server)
    }

    private func takesRequests(_ route: RouteName) -> Bool {
        wishes[route]?.values.contains { $0.takesRequests } ?? false
    }

    // MARK: Connection

    private func connect() {
        admin = HAProxyAdmin(
            path: socket, loop: loop,
            onOpen: { [weak self] in
                self?.reconnectDelay = Self.reconnectDelays.lowerBound
                self?.synchronize()
            },
            onLost: { [weak self] _ in self?.lost() })
    }

    private func lost() {
        admin = nil
        isInStep = false
        finishAllDrains()
        later(.connect, after: reconnectDelay)
        reconnectDelay = min(reconnectDelay * 2, Self.reconnectDelays.upperBound)
    }

    /// Asks HAProxy what there is, and puts it right.
    private func synchronize() {
        readAll { [weak self] statistics in
            guard let self else { return }
            guard let statistics else { return repair("it does not say what servers it has") }
            note(statistics)
            isInStep = true
            for route in backends.keys.sorted() {
                for wish in (wishes[route] ?? [:]).values where wish.takesRequests { writeServer(wish.server) }
                writeSign(route)
                for server in (backends[route]?.servers ?? [:]).values where wishes[route]?[server.name] == nil {
                    clear(server)
                }
            }
            // Commands are carried out in their order, so this one's answer stands for all.
            admin?.send("show version") { [weak self] answer in
                if answer != nil { self?.handlers.ready() }
            }
        }
    }

    /// Takes over what backends and servers there are; the states of the servers are not in it.
    private func note(_ statistics: HAProxyStatistics) {
        var found: [RouteName: Backend] = [:]
        for row in statistics.rows {
            guard let route = RouteName(row.proxy) else { continue }
            var backend = found[route] ?? Backend(goneFailures: backends[route]?.goneFailures ?? 0)
            if row.server != "BACKEND" && row.server != RouterConfiguration.nobody {
                backend.servers[row.server] =
                    backends[route]?.servers[row.server] ?? wishes[route]?[row.server]?.server
                    ?? RoutedServer(unknown: row.server, of: route)
            }
            found[route] = backend
        }
        backends = found
    }

    /// After a moment, asks again what there is: it may have been restarted by hand, or be of another release.
    private func repair(_ why: String) {
        guard timers[.repair] == nil else { return }
        handlers.fault(why)
        later(.repair, after: Self.repairDelay)
    }

    // MARK: Commands

    private func order(_ command: String, expecting expected: String = "", then: @escaping () -> Void = {}) {
        admin?.send(command) { [weak self] answer in
            guard let answer else { return }
            let text = String(decoding: answer, as: UTF8.self)
            if text == expected { return then() }
            // One that is about to end says this of every server.
            if text != "Proxy is disabled." { self?.repair("\(command): \(text)") }
        }
    }

    private func set(_ server: RoutedServer, _ state: String) {
        order("set server \(server.path) state \(state)")
    }

    private func writeServer(_ server: RoutedServer) {
        leftovers.remove(server)
        if backends[server.route]?.servers.updateValue(server, forKey: server.name) == nil {
            order("add server \(server.path) 127.0.0.1:\(server.port)", expecting: "New server registered.")
        }
        set(server, "ready")
    }

    /// Lets requests wait or go on. To be written before the last server leaves, and after the first one came.
    private func writeSign(_ route: RouteName) {
        let isOpen = takesRequests(route)
        guard backends[route]?.isOpen != isOpen else { return }
        backends[route]?.isOpen = isOpen
        order("set weight \(route)/\(RouterConfiguration.nobody) \(isOpen ? 0 : 1)") { [weak self] in
            if let self, self.isOpen(route) { handlers.opened(route) }
        }
    }

    /// Ends what the server still has, and deletes it.
    private func clear(_ server: RoutedServer) {
        set(server, "maint")
        order("shutdown sessions server \(server.path)")
        leftovers.insert(server)
        later(.deleteLeftovers, after: .zero)
    }

    private func deleteLeftovers() {
        // Before they are gone, with what they have counted.
        for route in Set(leftovers.map(\.route)).sorted() { read(route) }
        for server in leftovers {
            admin?.send("del server \(server.path)") { [weak self] answer in
                self?.deleted(server, answer.map { String(decoding: $0, as: UTF8.self) } ?? "")
            }
        }
    }

    private func deleted(_ server: RoutedServer, _ answer: String) {
        // It may still have a connection, or have been put back.
        guard answer.hasPrefix("Server deleted") || answer.hasPrefix("No such server") else {
            if leftovers.contains(server) { later(.deleteLeftovers, after: Self.repairDelay) }
            return
        }
        leftovers.remove(server)
        backends[server.route]?.servers[server.name] = nil
        backends[server.route]?.goneFailures += failures.removeValue(forKey: server) ?? 0
        handlers.deleted(server)
    }

    // MARK: Statistics

    /// What servers have failed at, by what they last said.
    private var failures: [RoutedServer: Int] = [:]

    /// Asks for everything's numbers; `then` is called when they are told, or cannot be.
    func readStatistics(_ then: @escaping () -> Void) {
        readAll { [weak self] statistics in
            if let self, let statistics { tell(statistics) }
            then()
        }
    }

    private func readAll(_ then: @escaping (HAProxyStatistics?) -> Void) {
        guard let admin else { return then(nil) }
        admin.send("show stat") { then($0.flatMap { HAProxyStatistics(parsing: $0) }) }
    }

    private func read(_ route: RouteName) {
        admin?.send("show stat \(route) 4 -1") { [weak self] answer in
            if let self, let statistics = answer.flatMap({ HAProxyStatistics(parsing: $0) }) { tell(statistics) }
        }
    }

    private func tell(_ statistics: HAProxyStatistics) {
        var sums: [RouteName: (failures: Int, sessions: Int)] = [:]
        var denied: [RouteName: Int] = [:]
        for var row in statistics.rows {
            if let route = RouteName(frontend: row.proxy) { denied[route] = row.denied }
            guard let route = RouteName(row.proxy), let backend = backends[route] else { continue }
            if let server = backend.servers[row.server] {
                failures[server] = row.failures
                sums[route, default: (backend.goneFailures, 0)].failures += row.failures
                sums[route, default: (backend.goneFailures, 0)].sessions += row.currentSessions
                if !server.isUnknown { handlers.server(row, server) }
                if row.currentSessions == 0 { finishDrains(of: server, before: .now + (.zero - Self.settling)) }
            } else if row.server == "BACKEND" {
                row.denied += denied[route] ?? 0
                handlers.route(row, route, sums[route] ?? (backend.goneFailures, 0), backend.isOpen == false)
            }
        }
    }

    // MARK: Drains

    /// - Parameter latest: only those that began until then.
    private func finishDrains(of server: RoutedServer, before latest: MonotonicTime? = nil) {
        guard let waiting = drains.removeValue(forKey: server) else { return }
        let rest = waiting.filter { drain in latest.map { drain.since > $0 } ?? false }
        if !rest.isEmpty { drains[server] = rest }
        for drain in waiting.dropLast(rest.count) { drain.done() }
    }

    private func finishAllDrains() {
        for server in drains.keys { finishDrains(of: server) }
    }

    private func lookAtDrains() {
        guard !drains.isEmpty else { return }
        for route in Set(drains.keys.map(\.route)).sorted() { read(route) }
        drainDelay = min(drainDelay * 2, Self.drainDelays.upperBound)
        later(.lookAtDrains, after: drainDelay)
    }

    // MARK: Stop

    /// HAProxy is to end, and does when it was asked to and its last connection is gone; this one, which it does not
    /// count among those of clients, has to go too.
    ///
    /// - Parameters:
    ///   - ask: Asks it to.
    ///   - patience: From then on HAProxy's servers stay as they are, so requests that wait for a replica would do so
    ///     in vain. Therefore it is asked when there are none, or after so long.
    func stop(patience: Duration, _ ask: @escaping () -> Void) {
        awaitNoneWaits(until: .now + patience) { [weak self] in
            ask()
            self?.later(.watchStop, after: .zero)
        }
    }

    private func awaitNoneWaits(until deadline: MonotonicTime, _ then: @escaping () -> Void) {
        guard deadline > .now else { return then() }
        readAll { [weak self] statistics in
            guard let self, let statistics, hasWaiting(statistics) else { return then() }
            loop.schedule(after: Self.stopPeriod) { [weak self] in
                if let self { awaitNoneWaits(until: deadline, then) } else { then() }
            }
        }
    }

    private func hasWaiting(_ statistics: HAProxyStatistics) -> Bool {
        statistics.rows.contains { row in
            guard row.server == "BACKEND", row.currentSessions > 0, let route = RouteName(row.proxy) else {
                return false
            }
            return backends[route]?.isOpen == false
        }
    }

    private func watchStop() {
        guard let admin else { return later(.watchStop, after: Self.stopPeriod) }
        admin.send("show info") { [weak self] answer in
            guard let self else { return }
            let answer = answer ?? []
            let lines = String(decoding: answer, as: UTF8.self).split(separator: "\n")
            let connections = lines.first { $0.hasPrefix("CurrConns: ") }.flatMap { Int($0.dropFirst(11)) }
            guard lines.contains("Stopping: 1"), connections == 0 else {
                return later(.watchStop, after: Self.stopPeriod)
            }
            readStatistics { [weak self] in self?.end() }
        }
    }

    // MARK: Time

    private func later(_ task: Task, after delay: Duration) {
        guard !isEnded, timers[task] == nil else { return }
        timers[task] = loop.schedule(after: delay) { [weak self] in
            guard let self else { return }
            timers[task] = nil
            switch task {
            case .connect: connect()
            case .lookAtDrains: lookAtDrains()
            case .deleteLeftovers: deleteLeftovers()
            case .repair: synchronize()
            case .watchStop: watchStop()
            }
        }
    }
}

extension RoutedServer {
    /// A server that an earlier daemon has made. Only its name is known, and that it is to go.
    fileprivate var isUnknown: Bool { revision.text.isEmpty }

    fileprivate init(unknown name: String, of route: RouteName) {
        let numbers = name.split(separator: ".").map { UInt64($0) ?? 0 } + [0, 0, 0]
        self.init(
            route: route, replica: ReplicaID(service: route.service, index: Int(clamping: numbers[0])),
            revision: Revision(""), instance: InstanceID(serial: numbers[1]), port: UInt16(clamping: numbers[2]))
    }
}
