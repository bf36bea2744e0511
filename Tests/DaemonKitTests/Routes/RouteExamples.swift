import StackModel
import Testing

@testable import DaemonKit

extension RouteSpec {
    /// A route at a port of 127.0.0.1.
    static func example(
        _ name: String = "http", _ port: UInt16 = 8080, mode: Mode = .http, hosts: [String] = [], paths: [String] = [],
        drain: Duration = .seconds(30), queueTimeout: Duration = .seconds(30)
    ) -> RouteSpec {
        RouteSpec(
            name: name, listen: .tcp(host: "127.0.0.1", port: port), port: "web", mode: mode, hosts: hosts,
            paths: paths,
            drain: drain, queueTimeout: queueTimeout)
    }
}

extension StackSpec {
    /// A stack of services with these routes.
    static func example(_ services: [String: [RouteSpec]]) throws -> StackSpec {
        StackSpec(
            name: "shop", directory: "/srv/shop",
            services: try services.map { name, routes in
                ServiceSpec(
                    name: try #require(ServiceName(name)), process: ProcessSpec(command: ["web"]), routes: routes)
            })
    }
}
