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

    /// Binds all of a service's listeners, or none.
    mutating func open(_ spec: ServiceSpec, _ context: Template.Context) throws(SystemError) {
        var opened: [Held] = []
        do throws(SystemError) {
            for listener in spec.listeners {
                opened.append(
                    Held(name: listener.name, listener: try Listener(ListenAddress(listener.address, context))))
            }
        } catch {
            for held in opened { held.listener.close() }
            throw error
        }
        byService[spec.name] = opened
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
