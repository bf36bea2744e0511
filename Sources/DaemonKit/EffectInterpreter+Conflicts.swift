import Glibc
import LinuxRuntime
import StackModel
import SupervisorCore

/// What would be in the way of a stack.
extension EffectInterpreter {
    /// The addresses and ports that these changes need and that somebody else has, each in a sentence, in the order of
    /// the changes.
    /// - Parameter before: what counts of a service now; nil where there is none.
    func conflicts(
        of changes: [ServiceChange], in stack: StackSpec, before: (ServiceName) -> ServiceSpec?
    ) -> [String] {
        let ours = changes.compactMap { before($0.service) }
        // What one of the services has is theirs to pass on.
        let addresses = Set(ours.flatMap { listeners.addresses(of: $0.name) })
        let ports = Set(ours.flatMap(\.fixedPorts).map(\.number))
        return changes.flatMap { change -> [String] in
            guard change.kind.bindsAnything, let spec = stack[change.service] else { return [] }
            return conflicts(ofListenersOf: spec, in: stack, besides: addresses)
                + conflicts(ofPortsOf: spec, besides: ports)
        }
    }

    private func conflicts(
        ofListenersOf spec: ServiceSpec, in stack: StackSpec, besides ours: Set<ListenAddress>
    ) -> [String] {
        let context = launcher.context(for: ReplicaID(service: spec.name, index: 0))
        return spec.listeners.compactMap { listener in
            let address = ListenAddress(listener.address, context)
            let leaving = listeners.listeners(leaving: stack, overlapping: address, context)
            guard !address.isAnyPort, !ours.contains(address),
                let obstacle = Listener.obstacle(
                    to: address, reusesPort: listener.options.reusesPort, beside: leaving)
            else { return nil }
            let why =
                obstacle.errno == EADDRINUSE
                ? "\(address) is taken by another process" : "it cannot be opened: \(obstacle)"
            return "\(spec.name): listen.\(listener.name): \(why)"
        }
    }

    private func conflicts(ofPortsOf spec: ServiceSpec, besides ours: Set<UInt16>) -> [String] {
        spec.fixedPorts.filter { !ours.contains($0.number) && !PortAllocator.isFree($0.number) }.map { port in
            "\(spec.name): ports.\(port.name): \(port.number) is taken by another process"
        }
    }
}

extension ServiceSpec {
    fileprivate var fixedPorts: [(name: String, number: UInt16)] {
        ports.compactMap { port in
            switch port.assignment {
            case .automatic: nil
            case .fixed(let number): (port.name, number)
            }
        }
    }
}

extension ServiceChange.Kind {
    /// It has sockets bound that were not before, maybe.
    fileprivate var bindsAnything: Bool {
        switch self {
        case .rolling, .restart, .start: true
        case .none, .live, .stop: false
        }
    }
}
