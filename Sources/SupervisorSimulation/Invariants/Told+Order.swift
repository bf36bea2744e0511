import StackModel
import SupervisorCore

/// What a stop waits for.
extension Told {
    /// A dependent that goes down too, and is to be down first: its instances were made to depend on the service.
    ///
    /// Instances of different stack files may depend on each other in a circle; then none waits for the other.
    func holder(of service: Int) -> Int? {
        guard !isImmediate else { return nil }
        return services[service].dependents.first { holdsUp($0, service) && !isHeld($0, by: service) }
    }

    private func holdsUp(_ dependent: Int, _ service: Int) -> Bool {
        services[dependent].isGoingDown && hasInstance(dependent, thatDependsOn: service)
    }

    /// Something runs that was made to depend on the service.
    func hasDependentInstance(_ service: Int) -> Bool {
        services[service].dependents.contains { hasInstance($0, thatDependsOn: service) }
    }

    private func hasInstance(_ dependent: Int, thatDependsOn service: Int) -> Bool {
        instances(of: dependent).contains { $0.dependencies.contains(service) }
    }

    /// It is gone from the file, and what depends on it, or may have, is about to be replaced by what does not.
    func outlivesReplacement(_ service: Int) -> Bool {
        !services[service].isListed
            && services[service].dependents.contains { dependent in
                instances(of: dependent).contains {
                    $0.dependencies.contains(service) || !isOfTarget($0.revision, dependent)
                }
            }
    }

    private func isHeld(_ dependent: Int, by service: Int) -> Bool {
        var isSeen = services.map { _ in false }
        var open = [dependent]
        while let next = open.popLast() {
            if next == service { return true }
            guard !isSeen[next] else { continue }
            isSeen[next] = true
            open += services[next].dependents.filter { holdsUp($0, next) }
        }
        return false
    }
}
