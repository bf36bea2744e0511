import Glibc
import LinuxRuntime
import StackModel
import SupervisorCore

/// The routes of the stack: makes the service that carries them out, HAProxy, and tells each HAProxy that runs which
/// instances are ready. It belongs to the loop's thread.
final class Routes {
    /// Debian's name for what is missing where there is no HAProxy.
    private static let package = "haproxy"
    private static let account = "haproxy"

    private struct Target {
        var servers: [RoutedServer] = []
        var takesRequests = false
        /// How often it has come or gone: what is heard of an earlier time counts no more.
        var turn = 0
        /// How many answers there are to come until it has left.
        var awaited = 0
    }

    private struct Router {
        var link: RouterLink
        var socket: String
        var isReady = false
        /// What it was last blamed for, which is said once.
        var fault: String?
    }

    private let loop: EventLoop
    private let queue: EventQueue
    private let path: String?
    /// As root HAProxy gives up what it does not need; the package makes an account for that. It is looked up once, as
    /// that reads files.
    private lazy var credentials =
        geteuid() == 0 ? try? Accounts.credentials(user: Self.account, group: Self.account) : nil
    private lazy var files = RouterFiles(directory: directory, group: credentials?.gid)
    private let directory: String
    private var targets: [InstanceID: Target] = [:]
    private var routers: [InstanceID: Router] = [:]
    private var totals = RouteTotals()
    private lazy var waiting = WaitingRequests(
        loop: loop, isOpen: { [unowned self] in routers[$0]?.link.isOpen($1) ?? false },
        onRequest: { [queue] in queue.post(.connectionWaiting($0)) })

    /// - Parameters:
    ///   - directory: For configurations and sockets; made when there is a route.
    ///   - path: The PATH in which HAProxy is looked for.
    init(directory: String, path: String?, loop: EventLoop, queue: EventQueue) {
        self.loop = loop
        self.queue = queue
        self.path = path
        self.directory = directory
    }

    // MARK: The service

    /// The stack with HAProxy as a service of its own, where it has routes; its configuration is written.
    func routed(_ stack: StackSpec) throws(SystemError) -> StackSpec {
        guard stack.services.contains(where: { !$0.routes.isEmpty }),
            let configuration = RouterConfiguration(of: stack, account: credentials.map { _ in Self.account })
        else { return stack }
        let file = try files.write(configuration)
        let service = RouterService(
            configuration: configuration, program: SpawnRequest.findHAProxy(path: path) ?? "haproxy", file: file,
            directory: files.directory)
        return StackSpec(
            name: stack.name, directory: stack.directory, services: stack.services + [service.spec],
            control: stack.control, sampling: stack.sampling)
    }

    /// These of HAProxy's revisions may be needed again, with their configurations.
    func keep(_ revisions: [ServiceRevision]) {
        files.keep(Set(revisions.compactMap { RouterService.file(of: $0.spec) }))
    }

    /// The failure of a spawn, with what an operator has to know where it is HAProxy's.
    func explained(_ failure: SpawnFailure, of service: ServiceName) -> SpawnFailure {
        guard service == .router, failure.errno == ENOENT, failure.stage == SpawnError.Stage.executable.rawValue else {
            return failure
        }
        var failure = failure
        failure.message = "routes need HAProxy, which is not installed (Debian's package \(Self.package)): \(failure)"
        return failure
    }

    // MARK: Instances

    /// An instance has a process.
    func started(_ instance: LiveInstance) {
        guard instance.replica.service == .router else { return }
        let id = instance.id
        listen(for: instance.replica)
        let socket = files.socket(of: id.serial)
        let link = RouterLink(
            socket: socket, loop: loop,
            handlers: RouterLink.Handlers(
                ready: { [weak self] in self?.routerIsReady(id) },
                fault: { [weak self] why in self?.routerFailed(id, instance.replica, why) },
                server: { [weak self] row, server in self?.totals.take(row, of: server, from: id) },
                route: { [weak self] row, route, sums, isWaitedFor in
                    self?.totals.take(row, ofServers: sums, isWaitedFor: isWaitedFor, of: route, from: id)
                },
                opened: { [weak self] route in self?.waiting.opened(route, in: id) },
                deleted: { [weak self] server in self?.totals.retire(server, from: id) }))
        routers[id] = Router(link: link, socket: socket)
        for target in targets.values where target.takesRequests { for server in target.servers { link.put(server) } }
    }

    /// The instance is to be asked to end: `ask` does that, at once, or, where another HAProxy takes over, as soon as
    /// this one has no request that waits for a replica.
    func stopping(_ id: InstanceID, _ ask: @escaping () -> Void) {
        guard let router = routers[id] else { return ask() }
        router.link.stop(patience: routers.count > 1 ? RouterService.handOver : .zero, ask)
    }

    /// The main process has ended: nothing more can be asked of it.
    func exited(_ id: InstanceID) {
        if let router = routers.removeValue(forKey: id) {
            router.link.end()
            unlink(router.socket)
            totals.retire(router: id)
            let routes = Set(routers.values.flatMap { Array($0.link.routes) })
            if !routes.isEmpty { totals.keep(routes) }
        }
        forget(id)
    }

    /// Nothing of the instance is left.
    func ended(_ id: InstanceID) {
        exited(id)
    }

    /// The instance is ready: it gets requests from now on.
    func enter(_ instance: LiveInstance) {
        let id = instance.id
        let present = targets[id]?.servers ?? []
        // One that stays where it is stays the same, with its requests and counters, under whatever revision by now.
        let servers = RoutedServer.servers(of: instance).map { server in
            present.first { $0.path == server.path } ?? server
        }
        // The service's routes may be others by now.
        let former = present.filter { old in !servers.contains { $0.path == old.path } }
        targets[id, default: Target()].servers = servers
        targets[id]?.takesRequests = true
        targets[id]?.turn += 1
        for link in routers.values.map(\.link) {
            for server in servers { link.put(server) }
            for server in former { link.drain(server) { [weak link] in link?.remove(server) } }
        }
    }

    /// It gets none from now on; answered by `leftRotation` when it has none any more.
    func leave(_ instance: LiveInstance) {
        let id = instance.id
        let servers = targets[id]?.servers ?? []
        let turn = (targets[id]?.turn ?? 0) + 1
        targets[id]?.takesRequests = false
        targets[id]?.turn = turn
        // One for this call, so that the answer comes after all were asked.
        targets[id]?.awaited = 1 + servers.count * routers.count
        for router in routers.values {
            for server in servers { router.link.drain(server) { [weak self] in self?.left(id, turn) } }
        }
        left(id, turn)
    }

    private func left(_ id: InstanceID, _ turn: Int) {
        guard let target = targets[id] else { return queue.post(.leftRotation(id)) }
        guard target.turn == turn else { return }
        targets[id]?.awaited -= 1
        if target.awaited == 1 { queue.post(.leftRotation(id)) }
    }

    private func forget(_ id: InstanceID) {
        guard let target = targets.removeValue(forKey: id) else { return }
        for router in routers.values { for server in target.servers { router.link.remove(server) } }
    }

    // MARK: HAProxies

    private func routerIsReady(_ id: InstanceID) {
        routers[id]?.fault = nil
        guard let router = routers[id], !router.isReady else { return }
        routers[id]?.isReady = true
        queue.post(.notified(id, .ready))
    }

    private func routerFailed(_ id: InstanceID, _ replica: ReplicaID, _ why: String) {
        guard let router = routers[id], router.fault != why else { return }
        routers[id]?.fault = why
        queue.post(.observed(.replica(replica), .degraded("HAProxy: \(why)")))
    }

    // MARK: Requests that wait

    /// Posts `.connectionWaiting` once, as soon as a request waits for the service at one of its routes, also where one
    /// does already. A service without routes may be awaited too.
    func awaitRequest(_ service: ServiceName) { waiting.await(service) }

    /// Takes back what `awaitRequest` has begun; without effect where nothing is awaited.
    func ignoreRequests(_ service: ServiceName) { waiting.ignore(service) }

    private func listen(for router: ReplicaID) {
        do throws(SystemError) {
            try waiting.listen(at: files.callSocket, user: credentials?.uid)
        } catch {
            queue.post(.observed(.replica(router), .degraded("requests cannot start a service: \(error)")))
        }
    }

    // MARK: Statistics

    /// What all routes have done, as the HAProxies say now; one that does not answer counts as it was.
    func statistics(isolation: isolated (any Actor)? = #isolation) async -> [RouteStatistics] {
        await withCheckedContinuation { continuation in
            statistics { continuation.resume(returning: $0) }
        }
    }

    /// What all routes have done, as the HAProxies say now; one that does not answer counts as it was.
    func statistics(_ then: @escaping ([RouteStatistics]) -> Void) {
        var waiting = 1 + routers.count
        let finish = { [weak self] in
            waiting -= 1
            if waiting == 0 { then(self?.totals.statistics ?? []) }
        }
        for router in routers.values { router.link.readStatistics(finish) }
        finish()
    }
}
