public import StackModel

/// What applying a stack means, before it is done.
extension Supervisor {
    /// What `apply` would do with that stack now, for every service of it and of the present one, in the order of their
    /// names.
    public func plan(for stack: StackSpec) -> [ServiceChange] {
        let needed = neededByNew(in: stack)
        let listed = Set(stack.services.map(\.name))
        let gone = listedServices.map { services[$0].name }.filter { !listed.contains($0) }
        let changes =
            stack.services.map { spec in
                ServiceChange(service: spec.name, kind: kind(of: spec, isNeeded: needed.contains(spec.name)))
            }
            + gone.map { ServiceChange(service: $0, kind: .stop) }
        return changes.sorted { $0.service < $1.service }
    }

    /// The services that depend on it, directly or not, in the order of their names.
    public func dependents(of name: ServiceName) -> [ServiceName] {
        guard let root = index(of: name) else { return [] }
        var isSeen = services.map { _ in false }
        var open = [root]
        while let index = open.popLast() {
            for dependent in services[index].dependents where !isSeen[dependent] {
                isSeen[dependent] = true
                open.append(dependent)
            }
        }
        return order.filter { isSeen[$0] && services[$0].isListed }.map { services[$0].name }
    }

    private func kind(of spec: ServiceSpec, isNeeded: Bool) -> ServiceChange.Kind {
        guard let index = listedIndex(of: spec.name) else { return .start }
        if isNeeded && services[index].desired == .stopped { return .start }
        let present = services[index].spec
        if present.withDefinition(of: spec) == spec { return .none }
        guard services[index].desired == .running, !present.becomesLive(spec) else { return .live }
        return present.schedule != nil || spec.schedule != nil ? .restart : .rolling
    }

    /// The new services of the stack, what others need from now on, and all that these need.
    private func neededByNew(in stack: StackSpec) -> Set<ServiceName> {
        let specs = Dictionary(stack.services.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        var needed: Set<ServiceName> = []
        var open = stack.services.flatMap { newNeeds(of: $0) }
        while let name = open.popLast() {
            guard needed.insert(name).inserted, let spec = specs[name] else { continue }
            open += spec.needs
        }
        return needed
    }

    /// The service itself where it is new, or what it does not need yet: its next start would wait for that.
    private func newNeeds(of spec: ServiceSpec) -> [ServiceName] {
        guard let index = listedIndex(of: spec.name) else { return [spec.name] }
        guard services[index].desired == .running else { return [] }
        let former = services[index].spec.needs
        return spec.needs.filter { !former.contains($0) }
    }
}

extension ServiceSpec {
    /// What is to run where it does: what it depends on, and what stands in front of it.
    fileprivate var needs: [ServiceName] { dependencies.map(\.service) + (routes.isEmpty ? [] : [.router]) }

    /// A spec is known by its content: the name of that alone makes no difference.
    fileprivate func withDefinition(of other: ServiceSpec) -> ServiceSpec {
        var spec = self
        spec.definition = other.definition
        return spec
    }

    /// The other, which is to count instead, differs in what instances need not be made anew for.
    func becomesLive(_ other: ServiceSpec) -> Bool {
        var other = other.withDefinition(of: self)
        other.replicas = replicas
        other.restart = restart
        other.stop = stop
        other.logging = logging
        other.rollout = rollout
        other.watches = watches
        other.startTimeout = startTimeout
        // That another service waits for its end is that one's change.
        other.isAwaitedToComplete = isAwaitedToComplete
        other.dependencies = dependencies
        other.routes = routes
        // Whether an instance is told where to send its READY=1 shows only in a new one.
        if awaitsNotification == other.awaitsNotification { other.probes = probes }
        if other.onSecretChange != .rollout { other.secrets = secrets }
        other.onSecretChange = onSecretChange
        other.resources = resources
        other.autoscale = autoscale
        if schedule != nil, other.schedule != nil { other.schedule = schedule }
        return self == other
    }
}
