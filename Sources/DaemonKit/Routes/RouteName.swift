import StackModel

/// A route of a service, as HAProxy calls its backend: `web:http`. No service's name has a colon.
struct RouteName: Hashable, Comparable, CustomStringConvertible {
    var service: ServiceName
    var route: String

    init(service: ServiceName, route: String) {
        self.service = service
        self.route = route
    }

    /// Nil where it is not the name of such a backend.
    init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1)
        guard parts.count == 2, let service = ServiceName(parts[0]) else { return nil }
        self.init(service: service, route: String(parts[1]))
    }

    /// The route whose frontend it is, in TCP mode.
    init?(frontend text: String) {
        guard text.hasPrefix("_") else { return nil }
        self.init(String(text.dropFirst()))
    }

    var description: String { "\(service):\(route)" }

    static func < (left: RouteName, right: RouteName) -> Bool {
        (left.service, left.route) < (right.service, right.route)
    }
}
