import LinuxRuntime
import StackModel
import SupervisorCore

/// What was found out for one request, before it is put into relation to what was found out before.
struct LoadFindings {
    /// One instance that runs.
    struct Instance {
        var id: InstanceID
        var startedAt: Instant
        /// Nil where it could not be read.
        var usage: Usage?
    }

    /// When the instances' usage was read.
    var time: Instant
    var instances: [Instance] = []
    /// At the service's listeners; nil where it has none, or nobody asks.
    var listeners: SocketLoad?
    /// At the ports that its instances have bound, likewise.
    var ports: SocketLoad?
    var host = HostRoom()
    var pages: [PageName: PageFinding] = [:]
    var routes: RouteFinding?
    /// By the metric's position in the request; what is not there has not ended in time.
    var commands: [Int: CommandReading.Outcome] = [:]
}

/// A page of metrics of one instance.
struct PageName: Hashable {
    var instance: InstanceID
    /// The name of the port, and the path.
    var port: String
    var path: String
}

struct PageFinding {
    var time: Instant
    /// In the order of the metrics of the request that are on the page.
    var outcome: MetricScrape.Outcome
}

struct RouteFinding {
    var time: Instant
    /// The service's own.
    var statistics: [RouteStatistics]

    /// Requests, or in TCP mode connections, that are with a replica or wait for one.
    var sessions: Int { statistics.filter { $0.target == nil }.reduce(0) { $0 + $1.sessions } }
}

/// What there is to do at the sockets at which a service listens.
struct SocketLoad: Hashable {
    /// Nil where the host does not tell.
    var waiting: Int?
    var connections: Int?

}

extension SocketLoad {
    /// All of them together; one that nobody can tell anything of leaves nothing to tell.
    init(_ loads: [ListenerLoad?]) {
        func sum(_ part: (ListenerLoad) -> Int?) -> Int? {
            let numbers = loads.compactMap { $0.flatMap(part) }
            return numbers.count == loads.count ? numbers.reduce(0, +) : nil
        }
        self.init(waiting: sum { $0.waiting }, connections: sum { $0.connections })
    }
}

extension LoadFindings {
    var waiting: Int? { (listeners ?? ports)?.waiting }

    /// Those that were accepted, and what has come by routes. What comes by a route to a replica's port counts once.
    var connections: Int? {
        guard listeners != nil || routes != nil else { return ports?.connections }
        return Self.sum(listeners?.connections ?? (listeners == nil ? 0 : nil), routes?.sessions ?? 0)
    }

    /// Whoever is served or waits to be at its listeners and routes; nil where nobody can tell.
    var clients: Int? {
        guard listeners != nil || routes != nil else { return nil }
        return Self.sum(connections, listeners?.waiting ?? (listeners == nil ? 0 : nil))
    }

    private static func sum(_ left: Int?, _ right: Int?) -> Int? {
        guard let left, let right else { return nil }
        return left + right
    }
}

extension HostRoom {
    init(_ load: HostLoad) {
        self.init(
            cpuPressure: load.cpuPressure?.some, memoryPressure: load.memoryPressure?.some,
            ioPressure: load.ioPressure?.some, availableMemory: load.availableMemory.map { ByteCount($0) },
            memory: load.memory.map { ByteCount($0) }, cpus: Millicores(load.processors))
    }
}
