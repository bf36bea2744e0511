import Glibc
import LinuxRuntime
import StackModel

/// The listening sockets that the daemon holds, by service.
struct HeldListeners {
    struct Held {
        var name: String
        var listener: Listener
    }

    private var byService: [ServiceName: [Held]] = [:]
    /// Where services are to listen whose listeners could not all be bound. What they hold elsewhere, in case the file
    /// names it again, is any other service's to have that is to listen there.
    private var unboundAddresses: [ServiceName: [ListenAddress]] = [:]

    /// Has the service's listeners be those of the spec: what is bound at an address that stays is kept, with the
    /// connections that wait there, and what is not named any more is closed. Where one cannot be bound, all is as before.
    mutating func open(_ spec: ServiceSpec, _ context: Template.Context) throws(SystemError) {
        let addresses = spec.listeners.map { ListenAddress($0.address, context) }
        var spare = byService[spec.name] ?? []
        var opened: [Listener] = []
        var former: [ServiceName: [Held]] = [:]
        var result: [Held] = []
        do throws(SystemError) {
            for (listener, address) in zip(spec.listeners, addresses) {
                if let kept = Self.take(listener.name, address, from: &spare) {
                    result.append(Held(name: listener.name, listener: kept))
                } else if let owner = owner(ofUnused: address) {
                    former[owner] = former[owner] ?? byService[owner]
                    let taken = Self.take(listener.name, address, from: &byService[owner, default: []])
                    if let taken { result.append(Held(name: listener.name, listener: taken)) }
                } else {
                    let new = try Listener(address)
                    opened.append(new)
                    result.append(Held(name: listener.name, listener: new))
                }
            }
        } catch {
            for listener in opened { listener.close() }
            byService.merge(former) { $1 }
            unboundAddresses[spec.name] = addresses
            throw error
        }
        for held in spare { held.listener.close() }
        byService[spec.name] = result
        unboundAddresses[spec.name] = nil
    }

    /// A service that has a socket at the address and is to have it elsewhere: two that exchange their addresses would
    /// wait for each other otherwise.
    private func owner(ofUnused address: ListenAddress) -> ServiceName? {
        // Of free ports there are enough.
        if case .tcp(_, port: 0) = address { return nil }
        return unboundAddresses.first { name, wanted in
            !wanted.contains(address) && byService[name]?.contains { $0.listener.address == address } == true
        }?.key
    }

    /// Of several at one address (of any free port, say) the one of that name before the others.
    private static func take(_ name: String, _ address: ListenAddress, from spare: inout [Held]) -> Listener? {
        let position =
            spare.firstIndex { $0.name == name && $0.listener.address == address }
            ?? spare.firstIndex { $0.listener.address == address }
        return position.map { spare.remove(at: $0).listener }
    }

    mutating func close(_ service: ServiceName) {
        for held in byService.removeValue(forKey: service) ?? [] { held.listener.close() }
        unboundAddresses[service] = nil
    }

    /// What an instance of the service inherits, in the order of the file.
    func descriptors(of service: ServiceName) -> [SpawnRequest.Listen] {
        (byService[service] ?? []).map { SpawnRequest.Listen(name: $0.name, descriptor: $0.listener.descriptor) }
    }

    /// The ports of the service's TCP listeners by their names.
    func ports(of service: ServiceName) -> [String: UInt16] {
        (byService[service] ?? []).reduce(into: [:]) { ports, held in
            if held.listener.port > 0 { ports[held.name] = held.listener.port }
        }
    }
}

extension ListenAddress {
    /// Who may connect to a unix socket is its directory's to say.
    private static let socketMode: UInt32 = 0o666

    init(_ address: ListenerSpec.Address, _ context: Template.Context) {
        switch address {
        case .tcp(let host, let port): self = .tcp(host: host, port: port)
        case .unix(let path): self = .unix(path: path.filled(in: context), mode: Self.socketMode)
        }
    }
}
