import CLinux
import Glibc

/// How much there is to do at a listening socket.
public struct ListenerLoad: Hashable, Sendable {
    /// Connections that nobody has accepted yet.
    public var waiting: Int
    /// How many of those there can be.
    public var capacity: Int
    /// Connections that were accepted and are established; nil where the host does not tell.
    public var connections: Int?

    public init(waiting: Int, capacity: Int, connections: Int? = nil) {
        self.waiting = waiting
        self.capacity = capacity
        self.connections = connections
    }
}

/// The load of some listeners, and of some TCP ports at which others listen.
public struct ListenerLoads: Sendable {
    /// In the order of the listeners; nil for datagrams, and where the host does not tell.
    public private(set) var listeners: [ListenerLoad?]
    /// Of all sockets that listen on a port together, whoever has them; nothing where nobody listens.
    public private(set) var ports: [UInt16: ListenerLoad] = [:]
    /// Why there is something that the host does not tell.
    public private(set) var failure: SystemError?

    /// Begins to find it out. The rest is done by calling what it gives back, from any thread: the kernel has to look
    /// at every connection of the host.
    public static func sample(_ listeners: [Listener], ports: [UInt16] = []) -> @Sendable () -> ListenerLoads {
        let places = listeners.map { ($0.queue, ListenerPlace($0)) }
        return { ListenerLoads(places, Set(ports)) }
    }

    private init(_ places: [(queue: ListenerLoad?, place: ListenerPlace?)], _ others: Set<UInt16>) {
        listeners = places.map(\.queue)
        let places = places.map(\.place)
        do throws(SystemError) {
            try addInternetSockets(places, others)
            try addUnixSockets(places)
        } catch {
            failure = error
        }
    }

    private mutating func addInternetSockets(_ places: [ListenerPlace?], _ others: Set<UInt16>) throws(SystemError) {
        var counts: [InternetPlace: Int] = [:]
        for case .internet(let place)? in places { counts[place] = 0 }
        let ports = others.union(counts.keys.map(\.port))
        guard !ports.isEmpty else { return }
        let filter = PortFilter(ports)
        var established: [UInt16: Int] = [:]
        let diagnosis = try SocketDiagnosis()
        for family in [AF_INET, AF_INET6] {
            // The queues of the listeners are known already.
            let states: SocketStates = others.isEmpty ? .established : [.established, .listening]
            try diagnosis.inet(family, states: states, filter) { message in
                let place = InternetPlace(message)
                if message.idiag_state == SocketStates.listeningNumber {
                    guard others.contains(place.port) else { return }
                    var load = self.ports[place.port] ?? ListenerLoad(waiting: 0, capacity: 0)
                    load.waiting += Int(message.idiag_rqueue)
                    load.capacity += Int(message.idiag_wqueue)
                    self.ports[place.port] = load
                } else if message.idiag_inode != 0 {
                    // One without an inode waits to be accepted.
                    established[place.port, default: 0] += 1
                    if let listener = place.listeners.first(where: { counts[$0] != nil }) { counts[listener]? += 1 }
                }
            }
        }
        for (port, load) in self.ports {
            self.ports[port] = ListenerLoad(
                waiting: load.waiting, capacity: load.capacity, connections: established[port] ?? 0)
        }
        for (index, place) in places.enumerated() {
            if case .internet(let place)? = place { listeners[index]?.connections = counts[place] }
        }
    }

    private mutating func addUnixSockets(_ places: [ListenerPlace?]) throws(SystemError) {
        // While others come and go, the kernel may pass one over. The listeners are there for certain, so whoever lacks one
        // looks again.
        for _ in 0..<3 {
            if try lookForUnixSockets(places) { return }
        }
    }

    /// - Returns: whether all of the listeners were seen.
    private mutating func lookForUnixSockets(_ places: [ListenerPlace?]) throws(SystemError) -> Bool {
        var queues: [UInt32: ListenerLoad] = [:]
        var established: [[UInt8]: Int] = [:]
        for case .unix(_, let name)? in places { established[name] = 0 }
        guard !established.isEmpty else { return true }
        let show = UDIAG_SHOW_NAME | UDIAG_SHOW_RQLEN
        try SocketDiagnosis().unix(states: [.established, .listening], show: show) { message, attributes in
            if message.udiag_state == SocketStates.listeningNumber {
                guard let lengths = attributes[UNIX_DIAG_RQLEN],
                    lengths.count >= MemoryLayout<unix_diag_rqlen>.size
                else { return }
                let queue = lengths.loadUnaligned(as: unix_diag_rqlen.self)
                queues[message.udiag_ino] = ListenerLoad(
                    waiting: Int(queue.udiag_rqueue), capacity: Int(queue.udiag_wqueue))
            } else if let name = attributes[UNIX_DIAG_NAME] {
                // Those that were accepted have the listener's name; those that wait to be are not shown.
                let name = ListenerPlace.name(name)
                if established[name] != nil { established[name]? += 1 }
            }
        }
        var sawAll = true
        for (index, place) in places.enumerated() {
            guard case .unix(let inode, let name)? = place else { continue }
            guard var load = queues[inode] else {
                sawAll = false
                continue
            }
            load.connections = established[name]
            listeners[index] = load
        }
        return sawAll
    }
}
