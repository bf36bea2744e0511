import StackModel

@testable import StackFile

/// Stacks that are without a fault and otherwise as odd as they can be.
struct RandomStack {
    var generator: SeededGenerator
    private var nextPort: UInt16 = 1000

    init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
    }

    mutating func spec() -> StackSpec {
        var services: [ServiceSpec] = []
        for index in 0..<Int.random(in: 1...4, using: &generator) {
            guard let name = ServiceName("s\(index)") else { continue }
            services.append(service(name, after: services))
        }
        for dependency in services.flatMap(\.dependencies) where dependency.condition == .completedSuccessfully {
            for index in services.indices where services[index].name == dependency.service {
                services[index].isAwaitedToComplete = true
            }
        }
        for index in services.indices {
            services[index].definition = services[index].definitionHash
        }
        return StackSpec(
            name: "shop", directory: "/srv/shop", services: services, control: control(),
            sampling: pick([nil, .seconds(1), .seconds(60), .seconds(86_400)]))
    }

    private mutating func service(_ name: ServiceName, after earlier: [ServiceSpec]) -> ServiceSpec {
        let ports = (0..<Int.random(in: 0...2, using: &generator)).map { PortSpec(name: "p\($0)", assignment: port()) }
        let replicas = ports.contains { $0.assignment != .automatic } ? 1 : Int.random(in: 0...3, using: &generator)
        let listeners = (0..<Int.random(in: 0...2, using: &generator)).map { index in
            listener("l\(index)", path: "/\(name)-\(index)")
        }
        let names = ports.map(\.name)
        let routes = (0..<Int.random(in: 0...2, using: &generator)).compactMap { route("r\($0)", ports: names) }
        let secrets = [SecretSpec(name: "a", path: "/etc/a b"), SecretSpec(name: "b.c", path: "/srv/shop/$b")]
            .filter { _ in flip() }
        let hasFixedPort = ports.contains { $0.assignment != .automatic }
        var spec = ServiceSpec(
            name: name, process: process(ports: names, listeners: listeners.map(\.name)), replicas: replicas,
            dependencies: earlier.compactMap { dependency(on: $0) }, listeners: listeners, ports: ports, notify: flip(),
            probes: ProbeSet(
                startup: maybe { $0.probe(ports: names, isReadiness: false) },
                readiness: maybe { $0.probe(ports: names, isReadiness: true) },
                liveness: maybe { $0.probe(ports: names, isReadiness: false) }),
            startTimeout: maybe { $0.duration(from: 1) }, watchdog: maybe { $0.duration(from: 1) },
            restart: restart(),
            stop: StopSpec(
                preStop: maybe { [.init("stop")] + [$0.template(ports: names)] }, drain: duration(from: 0),
                signal: Signal(number: Int32.random(in: 1...31, using: &generator)), gracePeriod: duration(from: 0)),
            logging: logging(), watches: (0..<Int.random(in: 0...2, using: &generator)).map { _ in watch() },
            routes: routes, rollout: rollout(hasFixedPort: hasFixedPort, routes: routes.map(\.name)),
            secrets: secrets,
            onSecretChange: secrets.isEmpty ? .rollout : pick([.rollout, .signal(.hangup), .nothing]),
            resources: resources())
        if flip() { spec.autoscale = autoscale(of: spec) }
        if Int.random(in: 0..<4, using: &generator) == 0 { schedule(&spec) }
        return spec
    }

    private mutating func logging() -> LogSpec {
        let destination = pick([LogSpec.Destination.files(.text), .files(.json), .journal, .nowhere])
        guard case .files = destination else { return LogSpec(destination: destination) }
        return LogSpec(
            destination: destination, maximumSize: ByteCount(Int64.random(in: 4096...(1 << 40), using: &generator)),
            maximumFiles: Int.random(in: 1...1000, using: &generator), maximumAge: maybe { $0.duration(from: 1) },
            compresses: flip())
    }

    private mutating func watch() -> WatchSpec {
        let patterns = ["*.$x", "a b", "**/[a-z]?", "!keep", "no", "#x"].compactMap { try? PathPattern($0) }
        return WatchSpec(
            path: pick(["/srv/shop/src", "/", "/a b/$x"]), ignore: patterns.filter { _ in flip() },
            include: patterns.filter { _ in flip() }, debounce: duration(from: 0))
    }

    /// Makes a service one that runs by a schedule, without what makes no sense of it.
    private mutating func schedule(_ spec: inout ServiceSpec) {
        (spec.replicas, spec.listeners, spec.notify, spec.watchdog) = (1, [], false, nil)
        (spec.routes, spec.rollout, spec.autoscale) = ([], RolloutSpec(pace: .stopFirst), nil)
        spec.process = process(ports: spec.ports.map(\.name), listeners: [])
        spec.probes.readiness = nil
        spec.restart.mode = pick([.no, .onFailure(maximumRetries: nil), .onFailure(maximumRetries: 7)])
        var trigger = ScheduleSpec.Trigger.interval(duration(from: 1) + .seconds(1))
        if flip(), let expression = try? CronExpression(pick(["0 3 * * *", "@daily", "*/5 0-12 1,15 jan mon-fri"])) {
            trigger = .cron(expression, zone: .utc)
        }
        spec.schedule = ScheduleSpec(
            trigger: trigger, overlap: pick(ScheduleSpec.Overlap.allCases), runsOnStart: flip(),
            history: Int.random(in: 0...100, using: &generator))
    }

    private mutating func control() -> ControlSpec {
        var control = ControlSpec(
            grants: ControlRole.allCases.compactMap { role in
                maybe { _ in ControlSpec.Grant(role: role, users: ["shop", "1000"], groups: ["no", "$x"]) }
            })
        if flip() {
            control.listener = ControlSpec.Listener(host: pick(["127.0.0.1", "::1", "127.1.2.3"]), port: 9)
            control.tokens = [ControlSpec.Token(name: "a", role: pick(ControlRole.allCases), file: "/x y/$t")]
        }
        return control
    }

    private mutating func process(ports: [String], listeners: [String]) -> ProcessSpec {
        let variables = ["PATH", "no", "a b", "$x", "1", "é", "x-y"].filter { _ in flip() }
        return ProcessSpec(
            command: ["serve"]
                + (0..<Int.random(in: 0...3, using: &generator)).map { _ in
                    template(ports: ports, listeners: listeners)
                },
            environment: variables.map {
                EnvironmentVariable(name: $0, value: template(ports: ports, listeners: listeners))
            },
            workingDirectory: maybe { _ in "/var/x y" }, user: maybe { _ in "shop" }, group: maybe { _ in "100" },
            supplementaryGroups: flip() ? ["audio", "no"] : [],
            umask: maybe { UInt16.random(in: 0...0o777, using: &$0.generator) },
            limits: flip() ? [ResourceLimit(resource: .openFiles, soft: 5, hard: nil)] : [],
            nice: maybe { Int.random(in: -20...19, using: &$0.generator) },
            oomScoreAdjustment: maybe { Int.random(in: -1000...1000, using: &$0.generator) },
            noNewPrivileges: flip(), keepsStandardInputOpen: flip())
    }

    private mutating func dependency(on other: ServiceSpec) -> DependencySpec? {
        if let schedule = other.schedule, !schedule.runsOnStart { return nil }
        var conditions = [DependencySpec.Condition.started]
        if other.hasReadiness { conditions.append(.healthy) }
        switch other.restart.mode {
        case .no, .onFailure: if other.autoscale == nil { conditions.append(.completedSuccessfully) }
        case .always, .unlessStopped: break
        }
        return flip() ? DependencySpec(service: other.name, condition: pick(conditions), restart: flip()) : nil
    }

    private mutating func restart() -> RestartSpec {
        let initial = duration(from: 1)
        return RestartSpec(
            mode: pick([.no, .always, .unlessStopped, .onFailure(maximumRetries: nil), .onFailure(maximumRetries: 7)]),
            backoff: RestartSpec.Backoff(
                initial: initial, factorThousandths: Int.random(in: 1000...5000, using: &generator),
                maximum: initial + duration(from: 0)),
            budget: maybe { RestartSpec.Budget(restarts: 3, within: $0.duration(from: 1)) })
    }

    private mutating func probe(ports: [String], isReadiness: Bool) -> ProbeSpec {
        ProbeSpec(
            handler: handler(ports: ports), initialDelay: duration(from: 0), period: duration(from: 1),
            timeout: duration(from: 1), successThreshold: isReadiness ? Int.random(in: 1...9, using: &generator) : 1,
            failureThreshold: Int.random(in: 1...1_000_000, using: &generator))
    }

    private mutating func handler(ports: [String]) -> ProbeHandler {
        let port: ProbePort = ports.randomElement(using: &generator).map { .named($0) } ?? .number(9)
        let host = pick(["127.0.0.1", "::1", "localhost"])
        switch Int.random(in: 0...9, using: &generator) {
        case 0: return .exec(command: ["probe", template(ports: ports)])
        case 1: return .tcp(host: host, port: port)
        case 2: return .unix(path: Template(parts: [.runDirectory, .text("/$x y")]))
        case 3: return .grpc(host: host, port: port, service: flip() ? "" : "a.B$")
        case 4: return .log(pattern: pick(["^ready$", "a|b", "\\$[0-9]+ \"x\"", "no"]))
        case 5: return .notify
        case 6: return .listening(port: port)
        case 7:
            return .mcp(MCPProbe(transport: .stdio(command: [template(ports: ports, isProgram: true)]), tools: ["a$b"]))
        case 8: return .mcp(MCPProbe(transport: .http(host: host, port: port, path: "/mcp?$x"), tools: []))
        default:
            return .http(
                HTTPProbe(
                    host: host, port: port, path: Template(parts: [.text("/$"), .serviceName]),
                    headers: [HTTPHeader(name: "X-$", value: Template(parts: [.text("$ "), .replicaIndex]))],
                    status: [200...200, 300...399], body: maybe { _ in "^ok$" }))
        }
    }

    private mutating func template(ports: [String], listeners: [String] = [], isProgram: Bool = false) -> Template {
        let texts = [
            "$", "${x}", "a b", "\n", "\"", "'", "\\", "#", ": ", "- ", "é漢🚀", "\u{1}", "\u{85}", "no", "1", "\t",
        ]
        var parts: [Template.Part] = isProgram ? [.text("x")] : []
        for _ in 0..<Int.random(in: 0...4, using: &generator) {
            let references: [Template.Part] =
                [.stateDirectory, .runDirectory, .serviceName, .replicaIndex] + ports.map { .port($0) }
                + listeners.map { .listenerDescriptor($0) }
            let part = flip() ? .text(pick(texts)) : pick(references)
            // Texts side by side are one text when they are read.
            if case .text(let next) = part, case .text(let last)? = parts.last {
                parts[parts.count - 1] = .text(last + next)
            } else {
                parts.append(part)
            }
        }
        return Template(parts: parts)
    }

    private mutating func port() -> PortSpec.Assignment {
        flip() ? .automatic : .fixed(freePort())
    }

    private mutating func listener(_ name: String, path: String) -> ListenerSpec {
        let (port, type) = (freePort(), pick(ListenerSpec.UnixType.allCases))
        let hosts = ["127.0.0.1", "::", "localhost", "*"]
        var options = ListenerSpec.Options()
        let backlog = pick([1, 4096])
        switch Int.random(in: 0...3, using: &generator) {
        case 0:
            (options.backlog, options.reusesPort, options.keepsAlive) = (backlog, flip(), flip())
            options.fastOpenQueue = maybe { _ in 256 }
            return ListenerSpec(name: name, address: .tcp(host: pick(hosts), port: port), options: options)
        case 1:
            options.reusesPort = flip()
            return ListenerSpec(name: name, address: .udp(host: pick(hosts), port: port), options: options)
        case 2:
            if type == .stream { options.backlog = backlog }
            (options.mode, options.user, options.group) = (
                maybe { _ in 0o660 }, maybe { _ in "no" }, maybe { _ in "7" }
            )
            let path = Template(parts: [.stateDirectory, .text(path + "$")])
            return ListenerSpec(name: name, address: .unix(path: path, type), options: options)
        default:
            if type == .stream { options.backlog = backlog }
            let address = ListenerSpec.Address.abstract(
                name: Template(parts: [.serviceName, .text(path + " $")]), type)
            return ListenerSpec(name: name, address: address, options: options)
        }
    }

    private mutating func route(_ name: String, ports: [String]) -> RouteSpec? {
        guard let port = ports.randomElement(using: &generator) else { return nil }
        var route = RouteSpec(
            name: name, listen: .tcp(host: pick(["*", "::1", "127.0.0.1"]), port: freePort()), port: port)
        (route.drain, route.queueTimeout) = (duration(from: 0), duration(from: 1))
        route.mode = pick(RouteSpec.Mode.allCases)
        guard route.mode == .http else { return route }
        route.hosts = ["example.org", "*.example.org", "no", "127.0.0.1", "[::1]"].filter { _ in flip() }
        route.paths = ["/api", "/a/b~c", "/%20"].filter { _ in flip() }
        return route
    }

    private mutating func freePort() -> UInt16 {
        nextPort += 1
        return nextPort
    }

    mutating func duration(from least: Int64) -> Duration {
        let nanoseconds: [Int64] = [0, 1, 1_500, 2_000_000, 90_000_000_000, 86_400_000_000_001]
        return .nanoseconds(max(least, pick(nanoseconds)))
    }

    mutating func flip() -> Bool { Bool.random(using: &generator) }

    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: 0..<elements.count, using: &generator)]
    }

    mutating func maybe<Value>(_ make: (inout RandomStack) -> Value) -> Value? {
        flip() ? make(&self) : nil
    }
}
