import StackModel

/// Fills in what services tell of one another: conditions, who is awaited, and with it the default of restarts.
enum DependencyResolver {
    static func resolve(_ services: inout [ResolvingService], report: inout Report) {
        let indices = Dictionary(uniqueKeysWithValues: services.enumerated().map { ($1.spec.name.text, $0) })
        var edges: [[DependencyEdge]] = []
        for index in services.indices {
            let dependent = services[index]
            let own = (dependent.entry.draft.dependencies?.value ?? []).compactMap { dependency in
                edge(dependency, of: dependent, services: services, indices: indices, report: &report)
            }
            services[index].spec.dependencies = own.map(\.spec).sorted { $0.service < $1.service }
            edges.append(own)
        }
        for edge in edges.joined() where edge.spec.condition == .completedSuccessfully {
            services[edge.target].spec.isAwaitedToComplete = true
        }
        for index in services.indices where services[index].spec.isAwaitedToComplete {
            if !services[index].entry.hasRestartMode { services[index].spec.restart.mode = .no }
        }
        checkConditions(edges, services: services, report: &report)
        DependencyCycles.check(edges, names: services.map(\.spec.name.text), report: &report)
    }

    private static func edge(
        _ dependency: DependencyDraft, of dependent: ResolvingService, services: [ResolvingService],
        indices: [String: Int], report: inout Report
    ) -> DependencyEdge? {
        let name = dependency.service
        guard let target = indices[name.value] else {
            if dependency.isOptional {
                report.warning(
                    at: name.location,
                    "service `\(name.value)` is not there, so `\(dependent.spec.name)` does not wait for it")
            } else {
                let near = suggestion(for: name.value, among: services.map(\.spec.name.text))
                report.error(
                    at: name.location, "there is no service `\(name.value.shortened)`",
                    remedy: near.map { "did you mean `\($0)`?" }
                        ?? "add it, ask for its profile, or say `required: false`")
            }
            return nil
        }
        let short: DependencySpec.Condition = services[target].spec.hasReadiness ? .healthy : .started
        let condition = dependency.condition
        return DependencyEdge(
            target: target, location: condition?.location ?? name.location,
            spec: DependencySpec(
                service: services[target].spec.name, condition: condition?.value ?? short, restart: dependency.restart))
    }

    private static func checkConditions(
        _ edges: [[DependencyEdge]], services: [ResolvingService], report: inout Report
    ) {
        for edge in edges.joined() {
            let target = services[edge.target]
            if let schedule = target.spec.schedule, !schedule.runsOnStart {
                report.error(
                    at: edge.location, "`\(target.spec.name)` runs by its schedule, so nothing can wait for it",
                    remedy: "let it `run_on_start`, or do not depend on it")
                continue
            }
            switch edge.spec.condition {
            case .started: break
            case .healthy:
                guard !target.spec.hasReadiness, !target.hasFaultyReadiness else { continue }
                report.error(
                    at: edge.location, "`\(target.spec.name)` has no readiness, so it never gets healthy",
                    remedy: "give it a readiness probe, or wait for `service_started`")
            case .completedSuccessfully:
                if target.spec.autoscale != nil {
                    report.error(
                        at: edge.location, "`\(target.spec.name)` is scaled on load, so it never completes",
                        remedy: "leave out its `autoscale`, or wait for another condition")
                }
                switch target.spec.restart.mode {
                case .no, .onFailure: break
                case .always, .unlessStopped:
                    report.error(
                        at: edge.location, "`\(target.spec.name)` is always restarted, so it never completes",
                        remedy: "set `restart: \"no\"` for it, or wait for another condition")
                }
            }
        }
    }
}

extension ResolvingService {
    fileprivate var hasFaultyReadiness: Bool {
        let draft = entry.draft
        return entry.isFaulty("probes", draft.probes) || entry.isFaulty("healthcheck", draft.healthcheck)
            || entry.isFaulty("notify", draft.notify)
            || ["readiness", "startup"].contains { entry.node["probes"]?[$0] != nil }
    }
}

/// An entry of `depends_on` that leads to a service.
struct DependencyEdge {
    /// The index of the service that is depended on.
    let target: Int
    let location: SourceLocation
    let spec: DependencySpec
}

/// Finds dependencies that go round, each ring once.
enum DependencyCycles {
    private enum Mark {
        /// Not seen yet.
        case new
        /// On the way from where the search began to where it is.
        case onPath
        /// Nothing below it goes round that was not told.
        case done
    }

    /// Depth first, without recursion: a chain may be as long as there are services.
    static func check(_ edges: [[DependencyEdge]], names: [String], report: inout Report) {
        var marks = [Mark](repeating: .new, count: edges.count)
        for start in edges.indices where marks[start] == .new {
            var path: [(service: Int, nextEdge: Int)] = [(start, 0)]
            marks[start] = .onPath
            while let last = path.last {
                guard last.nextEdge < edges[last.service].count else {
                    marks[last.service] = .done
                    path.removeLast()
                    continue
                }
                path[path.count - 1].nextEdge += 1
                let target = edges[last.service][last.nextEdge].target
                switch marks[target] {
                case .new:
                    marks[target] = .onPath
                    path.append((target, 0))
                case .onPath:
                    let ring = path.drop { $0.service != target }.map { edges[$0.service][$0.nextEdge - 1] }
                    tell(ring, from: target, names: names, report: &report)
                case .done: break
                }
            }
        }
    }

    /// - Parameter ring: the edges of the ring, the first of which leaves `start`.
    private static func tell(_ ring: [DependencyEdge], from start: Int, names: [String], report: inout Report) {
        let steps = [names[start]] + ring.map { names[$0.target] }
        let shown = steps.count > 12 ? Array(steps.prefix(10)) + ["…", names[start]] : steps
        let places = ring.prefix(10).map(\.location.description).joined(separator: ", ")
        report.error(
            at: ring.first?.location, "the dependencies go round: " + shown.joined(separator: " → "),
            remedy: ring.count == 1 ? "a service cannot wait for itself" : "take one of them out, at \(places)")
    }
}
