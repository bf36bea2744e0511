import LinuxRuntime
import StackModel
import SupervisorCore

/// The requests that wait in HAProxy because no replica is ready: wakes services that are down to none, and lets the
/// requests know when there is a replica. It belongs to the loop's thread.
///
/// Each HAProxy calls for some of its requests (see `RouterConfiguration.waitScript`), at the latest every second anew,
/// so nothing is lost with a call.
final class WaitingRequests {
    /// What a call says: `12 web:http`.
    private struct Caller: Hashable {
        var router: InstanceID
        var route: RouteName

        init(_ router: InstanceID, _ route: RouteName) {
            (self.router, self.route) = (router, route)
        }

        init?(_ line: String) {
            let words = line.split(separator: " ")
            guard words.count == 2, let serial = UInt64(words[0]), let route = RouteName(String(words[1])) else {
                return nil
            }
            self.init(InstanceID(serial: serial), route)
        }
    }

    private let loop: EventLoop
    private let isOpen: (InstanceID, RouteName) -> Bool
    private let onRequest: (ServiceName) -> Void
    private var calls: HAProxyCalls?
    private var callers: [HAProxyCalls.Call: Caller] = [:]
    private var awaited: Set<ServiceName> = []

    /// - Parameters:
    ///   - isOpen: Whether requests of a route go to replicas by now, in one HAProxy.
    ///   - onRequest: A request waits for an awaited service, which is awaited no more.
    init(
        loop: EventLoop, isOpen: @escaping (InstanceID, RouteName) -> Bool, onRequest: @escaping (ServiceName) -> Void
    ) {
        self.loop = loop
        self.isOpen = isOpen
        self.onRequest = onRequest
    }

    /// Listens, if it does not yet.
    /// - Parameter user: Whom HAProxy runs as; nil is the daemon's own.
    func listen(at path: String, user: UInt32?) throws(SystemError) {
        guard calls == nil else { return }
        calls = try HAProxyCalls(
            path: path, user: user, loop: loop, onCall: { [unowned self] in take($0, $1) },
            onEnd: { [unowned self] in callers[$0] = nil })
    }

    /// How many of them are on the line.
    var count: Int { callers.count }

    /// The first request that waits for the service is told, also one that does already.
    func await(_ service: ServiceName) {
        awaited.insert(service)
        // Never from within this call, as it may come from within an effect.
        if callers.values.contains(where: { $0.route.service == service }) {
            loop.schedule(after: .zero) { [weak self] in self?.tell(service) }
        }
    }

    func ignore(_ service: ServiceName) {
        awaited.remove(service)
    }

    /// Requests of the route go to replicas from now on, in that HAProxy.
    func opened(_ route: RouteName, in router: InstanceID) {
        let caller = Caller(router, route)
        for call in callers.filter({ $0.value == caller }).keys { hangUp(call) }
    }

    private func take(_ call: HAProxyCalls.Call, _ line: String) {
        guard let caller = Caller(line), !isOpen(caller.router, caller.route) else { return hangUp(call) }
        callers[call] = caller
        tell(caller.route.service)
    }

    private func tell(_ service: ServiceName) {
        if awaited.remove(service) != nil { onRequest(service) }
    }

    private func hangUp(_ call: HAProxyCalls.Call) {
        callers[call] = nil
        calls?.hangUp(call)
    }
}
