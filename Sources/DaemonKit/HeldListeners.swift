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

    /// Has the service's listeners be those of the spec: what is bound at an address that stays is kept, with the
    /// connections that wait there, and what is not named any more is closed. Where one cannot be bound, all is as before.
    mutating func open(_ spec: ServiceSpec, _ context: Template.Context) throws(SystemError) {
        var spare = byService[spec.name] ?? []
        var opened: [Listener] = []
        var result: [Held] = []
        do throws(SystemError) {
            for listener in spec.listeners {
                let address = ListenAddress(listener.address, context)
                if let kept = Self.take(listener.name, address, from: &spare) {
                    result.append(Held(name: listener.name, listener: kept))
                } else {
                    let new = try Listener(address)
                    opened.append(new)
                    result.append(Held(name: listener.name, listener: new))
                }
            }
        } catch {
            for listener in opened { listener.close() }
            throw error
        }
        for held in spare { held.listener.close() }
        byService[spec.name] = result
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
