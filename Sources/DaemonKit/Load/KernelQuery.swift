import LinuxRuntime
import StackModel
import SupervisorCore

/// What the kernel is asked for some measurements at once: the host, and the sockets of all its processes, are looked
/// at but once for all of them.
struct KernelQuery {
    /// Of one measurement.
    struct Part: Sendable {
        fileprivate var usage: @Sendable () -> [Usage?]
        /// Where its listeners stand among those of all; nil where they are not asked for.
        fileprivate var listeners: Range<Int>?
        fileprivate var ports: [UInt16]
    }

    let number: UInt64
    private let mount: ControlGroupMount?
    private var parts: [Part] = []
    private var listeners: [Listener] = []

    init(number: UInt64, mount: ControlGroupMount?) {
        self.number = number
        self.mount = mount
    }

    mutating func add(_ usage: @escaping @Sendable () -> [Usage?], listeners: [Listener]?, ports: [UInt16]) {
        let begin = self.listeners.count
        self.listeners += listeners ?? []
        parts.append(
            Part(usage: usage, listeners: listeners.map { begin..<(begin + $0.count) }, ports: ports))
    }

    /// Finds it all out, on any thread.
    var reading: @Sendable () -> KernelReadings {
        let sockets = ListenerLoads.sample(listeners, ports: parts.flatMap(\.ports))
        return { [number, parts, mount] in
            KernelReadings(
                number: number, usages: parts.map { (Instant(.now), $0.usage()) }, sockets: sockets(),
                host: HostRoom(HostLoad.read(mount)), parts: parts)
        }
    }
}

/// What the kernel says.
struct KernelReadings: Sendable {
    /// Of the query.
    let number: UInt64
    fileprivate let usages: [(time: Instant, usages: [Usage?])]
    fileprivate let sockets: ListenerLoads
    fileprivate let host: HostRoom
    fileprivate let parts: [KernelQuery.Part]

    /// Puts what concerns one of the measurements into its findings.
    func put(_ index: Int, into findings: inout LoadFindings) {
        let part = parts[index]
        findings.time = usages[index].time
        for (position, usage) in zip(findings.instances.indices, usages[index].usages) {
            findings.instances[position].usage = usage
        }
        findings.listeners = part.listeners.map { SocketLoad(Array(sockets.listeners[$0])) }
        if !part.ports.isEmpty { findings.ports = load(of: part.ports) }
        findings.host = host
    }

    /// Where nobody listens, nobody waits.
    private func load(of ports: [UInt16]) -> SocketLoad {
        guard sockets.failure == nil else { return SocketLoad() }
        return SocketLoad(ports.map { sockets.ports[$0] ?? ListenerLoad(waiting: 0, capacity: 0, connections: 0) })
    }
}
