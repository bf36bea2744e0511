import StackModel
import SupervisorCore

/// An instance as a server of one route.
struct RoutedServer: Hashable {
    var route: RouteName
    var replica: ReplicaID
    var revision: Revision
    var instance: InstanceID
    var port: UInt16

    /// Its name in HAProxy, which no other has or had: the replica's index, the instance's serial number and the port,
    /// as the route may be led to another.
    var name: String { "\(replica.index).\(instance.serial).\(port)" }
    var path: String { "\(route)/\(name)" }

    /// One for each route of the instance's service; none where the instance lacks the route's port.
    static func servers(of instance: LiveInstance) -> [RoutedServer] {
        let spec = instance.spec
        return spec.routes.compactMap { route in
            instance.context.ports[route.port].map { port in
                RoutedServer(
                    route: RouteName(service: spec.name, route: route.name), replica: instance.replica,
                    revision: spec.revision, instance: instance.id, port: port)
            }
        }
    }
}
