import Glibc
import LinuxRuntime
import StackModel

/// The listening sockets that the daemon holds, by service and address.
struct HeldListeners {
    /// What makes two listeners of a service, under whatever names, the same socket.
    fileprivate struct Place: Hashable {
        var address: ListenAddress
        /// Where the kernel chooses a port, each name has its own.
        var name: String?

        init(_ address: ListenAddress, name: String) {
            self.address = address
            self.name = address.isAnyPort ? name : nil
        }
    }

    fileprivate struct Held {
        var place: Place
        var listener: Listener
        /// What the service's revisions say of it, the newest first.
        var specs: [ListenerSpec]
    }

    private var byService: [ServiceName: [Held]] = [:]
    /// Where each service's newest revision is to listen, also where it could not be bound.
    private var newest: [ServiceName: Set<Place>] = [:]
    /// What nobody has any more, and another is to have who could not yet.
    private var passedOn: [Held] = []

    /// Has a service's listeners be those of its revisions, the newest first: what is bound at an address that stays is
    /// kept, with the connections that wait there, and what no revision names any more is closed. Where one cannot be
    /// bound, all is as before.
    ///
    /// An address that passes from one service to another stays bound, too: while both replace their instances, both
    /// have it.
    mutating func open(_ revisions: [ServiceSpec], _ context: Template.Context) throws(SpawnFailure) {
        guard let service = revisions.first?.name else { return }
        let wishes = Self.wishes(of: revisions, context)
        newest[service] = Set(Self.wishes(of: [revisions[0]], context).map(\.place))
        let former = byService[service] ?? []
        var opened: [Listener] = []
        var adopted: [(listener: Listener, former: ListenOptions)] = []
        var result: [Held] = []
        do throws(SpawnFailure) {
            for (place, specs) in wishes {
                let options = try Self.options(of: specs)
                let listener: Listener
                switch try find(place, options, for: service, among: former) {
                case .kept(let kept):
                    listener = kept
                    adopted.append((kept, kept.options))
                    try Self.attempt { () throws(SystemError) in try kept.adopt(options) }
                case .opened(let new):
                    listener = new
                    opened.append(new)
                }
                result.append(Held(place: place, listener: listener, specs: specs))
            }
        } catch {
            for listener in opened { listener.close() }
            for (listener, former) in adopted { try? listener.adopt(former) }
            passOn([])
            throw error
        }
        byService[service] = result
        passOn(former)
    }

    private enum Found {
        case kept(Listener)
        case opened(Listener)
    }

    private func find(
        _ place: Place, _ options: ListenOptions, for service: ServiceName, among former: [Held]
    ) throws(SpawnFailure) -> Found {
        if let kept = Self.listener(at: place, among: former + passedOn) { return .kept(kept) }
        do throws(SystemError) {
            return .opened(try Listener(place.address, options))
        } catch {
            if error.errno == EADDRINUSE, let kept = othersListener(at: place, than: service) { return .kept(kept) }
            let leaving = byService.flatMap { service, held in
                held.filter { newest[service]?.contains($0.place) == false }.listeners(overlapping: place.address)
            }
            guard error.errno == EADDRINUSE, !leaving.isEmpty else { throw SpawnFailure(stage: Self.stage, error) }
            let beside = try Self.attempt { () throws(SystemError) in
                try Listener(place.address, options, beside: leaving)
            }
            return .opened(beside)
        }
    }

    /// The socket at the address that another service has no use for but for instances that are about to go.
    private func othersListener(at place: Place, than service: ServiceName) -> Listener? {
        for (other, held) in byService where other != service && newest[other]?.contains(place) == false {
            if let listener = Self.listener(at: place, among: held) { return listener }
        }
        return nil
    }

    /// A socket whose file is gone is of no use to anybody.
    private static func listener(at place: Place, among held: [Held]) -> Listener? {
        held.first { $0.place == place && $0.listener.isReachable }?.listener
    }

    /// Has others take over what the services have that are gone from the file, before the last of their instances end.
    mutating func release(besides stack: StackSpec) {
        for service in byService.keys where stack[service] == nil { newest[service] = [] }
    }

    mutating func close(_ service: ServiceName) {
        newest[service] = nil
        passOn(byService.removeValue(forKey: service) ?? [])
    }

    /// Closes what nobody has or is to have.
    private mutating func passOn(_ former: [Held]) {
        let loose = (passedOn + former).filter { one in
            !byService.values.joined().contains { $0.listener === one.listener }
        }
        passedOn = loose.filter { one in newest.values.contains { $0.contains(one.place) } }
        for one in loose where !passedOn.contains(where: { $0.listener === one.listener }) { one.listener.close() }
    }

    /// Each place once, with what the revisions say of it.
    private static func wishes(
        of revisions: [ServiceSpec], _ context: Template.Context
    ) -> [(place: Place, specs: [ListenerSpec])] {
        var wishes: [(place: Place, specs: [ListenerSpec])] = []
        for spec in revisions.flatMap(\.listeners) {
            let place = Place(ListenAddress(spec.address, context), name: spec.name)
            if let position = wishes.firstIndex(where: { $0.place == place }) {
                wishes[position].specs.append(spec)
            } else {
                wishes.append((place, [spec]))
            }
        }
        return wishes
    }

    /// Those that the newest revision says.
    private static func options(of specs: [ListenerSpec]) throws(SpawnFailure) -> ListenOptions {
        guard let spec = specs.first else { return ListenOptions() }
        do throws(SpawnError) {
            return try ListenOptions(spec.options)
        } catch {
            throw SpawnFailure(stage: stage, errno: error.errno, message: "\(spec.name): \(error)")
        }
    }

    private static let stage = "listener"

    private static func attempt<Value>(_ body: () throws(SystemError) -> Value) throws(SpawnFailure) -> Value {
        do throws(SystemError) {
            return try body()
        } catch {
            throw SpawnFailure(stage: stage, error)
        }
    }

    // MARK: What instances are given

    /// What an instance of this spec inherits, in the order of the file.
    func descriptors(of spec: ServiceSpec) throws(SpawnFailure) -> [SpawnRequest.Listen] {
        try spec.listeners.map { (listener) throws(SpawnFailure) in
            guard let held = held(listener, of: spec.name) else {
                throw SpawnFailure(stage: Self.stage, errno: 0, message: "its listener \(listener.name) is not open")
            }
            return SpawnRequest.Listen(name: listener.name, descriptor: held.listener.descriptor)
        }
    }

    /// The ports of the spec's listeners by their names.
    func ports(of spec: ServiceSpec) -> [String: UInt16] {
        spec.listeners.reduce(into: [:]) { ports, listener in
            if let port = held(listener, of: spec.name)?.listener.port, port > 0 { ports[listener.name] = port }
        }
    }

    private func held(_ listener: ListenerSpec, of service: ServiceName) -> Held? {
        byService[service]?.first { held in
            held.specs.contains { $0.name == listener.name && $0.address == listener.address }
        }
    }

    /// Those that the stack has no more use for, but that may have a part of the address.
    func listeners(
        leaving stack: StackSpec, overlapping address: ListenAddress, _ context: Template.Context
    ) -> [Listener] {
        byService.flatMap { service, held in
            let staying = Set(Self.wishes(of: stack[service].map { [$0] } ?? [], context).map(\.place))
            return held.filter { !staying.contains($0.place) }.listeners(overlapping: address)
        }
    }

    /// Those that a service has now.
    func listeners(of service: ServiceName) -> [Listener] {
        (byService[service] ?? []).map(\.listener)
    }

    /// The addresses that a service has now.
    func addresses(of service: ServiceName) -> [ListenAddress] {
        (byService[service] ?? []).map(\.listener.address)
    }
}

extension [HeldListeners.Held] {
    fileprivate func listeners(overlapping address: ListenAddress) -> [Listener] {
        map(\.listener).filter { $0.address.mayOverlap(address) }
    }
}

extension ListenAddress {
    /// With its templates filled in as for the service's first replica.
    init(_ address: ListenerSpec.Address, _ context: Template.Context) {
        self =
            switch address {
            case .tcp(let host, let port): .tcp(host: host, port: port)
            case .udp(let host, let port): .udp(host: host, port: port)
            case .unix(let path, let type): .unix(path: path.filled(in: context), UnixSocketType(type))
            case .abstract(let name, let type): .abstract(name: name.filled(in: context), UnixSocketType(type))
            }
    }
}

extension ListenAddress.UnixSocketType {
    fileprivate init(_ type: ListenerSpec.UnixType) {
        self =
            switch type {
            case .stream: .stream
            case .datagram: .datagram
            }
    }
}

extension ListenOptions {
    /// - Throws: where there is no such user or group.
    fileprivate init(_ options: ListenerSpec.Options) throws(SpawnError) {
        self.init()
        backlog = Int32(clamping: options.backlog)
        reusesPort = options.reusesPort
        keepsAlive = options.keepsAlive
        fastOpenQueue = Int32(clamping: options.fastOpenQueue ?? 0)
        if let mode = options.mode { self.mode = UInt32(mode) }
        if let user = options.user {
            let account = try Accounts.credentials(user: user, group: options.group)
            (self.user, group) = (account.uid, account.gid)
        } else if let name = options.group {
            group = try Accounts.group(name)
        }
    }
}
