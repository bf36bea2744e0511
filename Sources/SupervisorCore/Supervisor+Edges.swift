import StackModel

/// The graph of dependencies: what a start waits for, and what a stop does.
extension Supervisor {
    /// Has the service depend on what its spec says. What its instances were made to depend on goes on being stopped
    /// after them.
    mutating func linkDependencies(of index: Int) {
        let former = hasInstance(index) ? services[index].upheldBy : nil
        unlink(index)
        services[index].dependencies = services[index].spec.dependencies.compactMap { dependency in
            self.index(of: dependency.service).map {
                Service.Dependency(service: $0, name: dependency.service, condition: dependency.condition)
            }
        }
        link(index, former: former)
    }

    /// The last instance of another revision is gone, and with it what that was made to depend on.
    mutating func forgetFormerDependencies(of index: Int) {
        guard services[index].formerDependencies != nil, !hasInstanceOfFormerDependencies(index) else { return }
        unsettle(index)
        unlink(index)
        link(index, former: nil)
    }

    private func hasInstanceOfFormerDependencies(_ index: Int) -> Bool {
        services[index].rows.contains { position in
            replicas[position].instance.map { $0.revision !== services[index].revision } ?? false
        }
    }

    /// Something runs that was made to depend on the service: should that be back by then, it stops after it.
    func hasDependentInstance(_ index: Int) -> Bool {
        services[index].dependents.contains { services[$0].upheldBy.contains(index) && hasInstance($0) }
    }

    /// Nothing of the service is left, nor of what ties it to others.
    mutating func removeEdges(of index: Int) {
        unlink(index)
        for dependent in services[index].dependents {
            services[dependent].dependencies.removeAll { $0.service == index }
            services[dependent].formerDependencies?.removeAll { $0 == index }
        }
        services[index].dependencies = []
        services[index].dependents = []
    }

    private mutating func unlink(_ index: Int) {
        for other in services[index].dependencies.map(\.service) + (services[index].formerDependencies ?? []) {
            services[other].dependents.removeAll { $0 == index }
        }
        if services[index].formerDependencies != nil { servicesInTransition -= 1 }
        services[index].formerDependencies = nil
    }

    private mutating func link(_ index: Int, former: [Int]?) {
        let current = services[index].dependencies.map(\.service)
        if let former, former != current {
            services[index].formerDependencies = former
            servicesInTransition += 1
        }
        for other in current { services[other].dependents.append(index) }
        for other in services[index].formerDependencies ?? [] where !current.contains(other) {
            services[other].dependents.append(index)
        }
    }

    // MARK: The order of a stop

    /// A dependent that is on its way down, or replaced where the service is gone from the file, and whose instances were
    /// made to depend on the service.
    func descendingDependent(of index: Int) -> Int? {
        services[index].dependents.first {
            holdsUp($0, index) && !(servicesInTransition > 0 && isHeld($0, by: index))
        }
    }

    /// The dependent is to be down before the service stops.
    private func holdsUp(_ dependent: Int, _ index: Int) -> Bool {
        guard services[dependent].upheldBy.contains(index) else { return false }
        if services[dependent].descent != nil { return hasInstance(dependent) }
        // What is gone from the file is not waited for by what is to come.
        return !services[index].isListed && services[dependent].formerDependencies != nil
            && (services[dependent].rollout?.isUnderWay ?? !services[dependent].outgoing.isEmpty)
    }

    /// Instances that are of different stack files may depend on each other in a circle; then none waits for the other.
    private func isHeld(_ dependent: Int, by index: Int) -> Bool {
        var isSeen = services.map { _ in false }
        var open = [dependent]
        while let next = open.popLast() {
            if next == index { return true }
            guard !isSeen[next] else { continue }
            isSeen[next] = true
            open += services[next].dependents.filter { holdsUp($0, next) }
        }
        return false
    }
}
