import ControlProtocol
import StackModel

/// Which service waits for which, as `stackctl graph` shows it.
struct DependencyGraph: Hashable, Encodable {
    struct Service: Hashable, Encodable {
        var name: String
        /// Services of one stage can start at the same time; those of the first wait for none.
        var stage = 1
        var dependencies: [ServiceDocument.Dependency]
        /// Where requests for it are taken, where the graph is of a file.
        var routes: [Route]?
        /// What is told of it where the graph is of what runs: `ready`, `2/3 ready`, ….
        var state: String?
        var style: Style = .plain

        private enum CodingKeys: String, CodingKey {
            case name, stage, state, routes
            case dependencies = "depends_on"
        }
    }

    struct Route: Hashable, Encodable {
        var name: String
        /// `127.0.0.1:8080`
        var listen: String
        /// None means all.
        var hosts: [String]
        var paths: [String]
    }

    /// By stage, then by name.
    private(set) var services: [Service]

    func encode(to encoder: any Encoder) throws {
        try services.encode(to: encoder)
    }

    private init(unsorted services: [Service]) {
        let stages = Self.stages(of: services)
        self.services = services.map { service in
            var service = service
            service.stage = stages[service.name] ?? 1
            return service
        }.sorted { ($0.stage, $0.name) < ($1.stage, $1.name) }
    }

    /// One more than the latest stage among what is waited for. A graph without cycles has its stages after as many
    /// rounds as it has services.
    private static func stages(of services: [Service]) -> [String: Int] {
        var stages = Dictionary(services.map { ($0.name, 1) }) { first, _ in first }
        for _ in services {
            for service in services {
                stages[service.name] = 1 + (service.dependencies.compactMap { stages[$0.service] }.max() ?? 0)
            }
        }
        return stages
    }
}

extension DependencyGraph {
    /// As the file says.
    init(_ stack: StackSpec) {
        self.init(
            unsorted: stack.services.map { service in
                Service(
                    name: service.name.text,
                    dependencies: service.dependencies.map {
                        ServiceDocument.Dependency(service: $0.service.text, condition: $0.condition.rawValue)
                    }, routes: service.routes.map(Route.init))
            })
    }

    /// As it runs.
    init(_ services: [ServiceDocument]) {
        self.init(
            unsorted: services.map { service in
                let progress = ServiceProgress(service, goal: .running)
                let worst = service.replicas.first { !$0.ready } ?? service.replicas.first
                return Service(
                    name: service.name, dependencies: service.dependencies, state: progress?.word ?? "no replica",
                    style: worst?.style ?? .dim)
            })
    }
}

// MARK: - Forms

extension DependencyGraph {
    var table: Table {
        let isLive = services.contains { $0.state != nil }
        let hasRoutes = services.contains { $0.routes?.isEmpty == false }
        var table = Table(
            columns: ["STAGE", "SERVICE"] + (isLive ? ["STATE"] : []) + ["WAITS FOR"] + (hasRoutes ? ["ROUTES"] : []))
        for service in services {
            let waits = service.dependencies.map { "\($0.service) (\($0.shortCondition))" }.joined(separator: ", ")
            let start = [Table.Cell("\(service.stage)"), Table.Cell(service.name, .bold)]
            let state = service.state.map { [Table.Cell($0, service.style)] } ?? []
            let routes = (service.routes ?? []).map(\.text).joined(separator: ", ")
            table.append(start + state + [Table.Cell(waits)] + (hasRoutes ? [Table.Cell(routes)] : []))
        }
        return table
    }

    /// In the language of Graphviz.
    var dot: String {
        let nodes = services.map { service in
            let label = ([service.name] + (service.state.map { [$0] } ?? [])).map(Self.quotedInner)
            return "  \(Self.quoted(service.name)) [label=\"\(label.joined(separator: "\\n"))\"];"
        }
        let edges = edges.map { service, dependency in
            "  \(Self.quoted(service)) -> \(Self.quoted(dependency.service))"
                + " [label=\(Self.quoted(dependency.shortCondition))];"
        }
        let routes = entrances.flatMap { entrance, routes in
            ["  \(Self.quoted(entrance)) [shape=ellipse];"]
                + routes.map { service, route in
                    "  \(Self.quoted(entrance)) -> \(Self.quoted(service)) [label=\(Self.quoted(route.label))];"
                }
        }
        return (["digraph stack {", "  rankdir=LR;", "  node [shape=box];"] + nodes + routes + edges + ["}"])
            .joined(separator: "\n")
    }

    /// For Mermaid, which Markdown of many forges shows. Its words are no names, so services go by numbers.
    var mermaid: String {
        let numbers = Dictionary(services.enumerated().map { ($0.element.name, $0.offset) }) { first, _ in first }
        let nodes = services.enumerated().map { number, service in
            "  s\(number)[\"\(service.name)\(service.state.map { "<br/>\($0)" } ?? "")\"]"
        }
        let edges = edges.compactMap { service, dependency -> String? in
            guard let from = numbers[service], let to = numbers[dependency.service] else { return nil }
            return "  s\(from) -- \(dependency.shortCondition) --> s\(to)"
        }
        let routes = entrances.enumerated().flatMap { number, entrance in
            ["  r\(number)([\"\(entrance.address)\"])"]
                + entrance.routes.compactMap { service, route in
                    numbers[service].map { "  r\(number) -- \"\(route.label)\" --> s\($0)" }
                }
        }
        return (["flowchart LR"] + nodes + routes + edges).joined(separator: "\n")
    }

    /// The addresses at which requests are taken, and for which services.
    private var entrances: [(address: String, routes: [(service: String, route: Route)])] {
        let routes = services.flatMap { service in (service.routes ?? []).map { (service.name, $0) } }
        return Dictionary(grouping: routes) { $0.1.listen }.sorted { $0.key < $1.key }
            .map { (address: $0.key, routes: $0.value) }
    }

    private var edges: [(String, ServiceDocument.Dependency)] {
        services.flatMap { service in service.dependencies.map { (service.name, $0) } }
    }

    private static func quoted(_ text: String) -> String { "\"\(quotedInner(text))\"" }

    private static func quotedInner(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    }
}

extension ServiceDocument.Dependency {
    /// The condition without what all of them begin with: `healthy`.
    fileprivate var shortCondition: String {
        condition.replacing("service_", with: "").replacing("_", with: " ")
    }
}

extension DependencyGraph.Route {
    fileprivate init(_ route: RouteSpec) {
        let listen =
            switch route.listen {
            case .tcp(let host, let port), .udp(let host, let port):
                host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
            case .unix(let path, _): "\(path)"
            case .abstract(let name, _): "@\(name)"
            }
        self.init(name: route.name, listen: listen, hosts: route.hosts, paths: route.paths)
    }

    /// `127.0.0.1:8080 (example.org/api)`
    fileprivate var text: String { hosts.isEmpty && paths.isEmpty ? listen : "\(listen) (\(rules))" }

    /// `web: example.org/api`
    fileprivate var label: String { hosts.isEmpty && paths.isEmpty ? name : "\(name): \(rules)" }

    /// What requests it is for.
    private var rules: String {
        let hosts = hosts.isEmpty ? [""] : hosts
        return hosts.flatMap { host in paths.isEmpty ? [host] : paths.map { host + $0 } }.joined(separator: " ")
    }
}
