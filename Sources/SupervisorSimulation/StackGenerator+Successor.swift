import StackModel
import SupervisorCore

/// The stack that somebody applies next: a few edits away from the one before.
extension StackGenerator {
    /// `number`: tells its revisions from all before.
    mutating func successor(of stack: StackSpec, number: Int) -> StackSpec {
        var services = stack.services
        for _ in 0...random.below(3) { edit(&services) }
        for index in services.indices {
            let name = services[index].name
            services[index].isAwaitedToComplete = services.contains { other in
                other.dependencies.contains { $0.service == name && $0.condition == .completedSuccessfully }
            }
            if services[index].autoscale?.fits(services[index]) == false { services[index].autoscale = nil }
            if services[index].isAwaitedToComplete, services[index].restart.mode.isEndless {
                services[index].restart.mode = .no
            }
            let before = stack.services.first { $0.name == name }
            if let before, before.contentOfRevision == services[index].contentOfRevision { continue }
            services[index].definition = Revision("r\(number)")
        }
        return StackSpec(name: stack.name, directory: stack.directory, services: services)
    }

    private mutating func edit(_ services: inout [ServiceSpec]) {
        let index = random.below(services.count)
        switch random.below(21) {
        case 0..<3:
            let free = Self.names.filter { name in !services.contains { $0.name == name } }
            if free.isEmpty { return }
            services.append(service(random.pick(free), dependencies: dependencies(among: services)))
        case 3..<5:
            guard services.count > 1 else { return }
            let gone = services.remove(at: index).name
            for other in services.indices { services[other].dependencies.removeAll { $0.service == gone } }
        case 5..<7: services[index] = service(services[index].name, dependencies: services[index].dependencies)
        case 7..<9: services[index].replicas = random.number(in: 1...4)
        case 19: services[index].autoscale = random.chance(percent: 80) ? autoscale(for: services[index]) : nil
        case 20: services[index].resources = resources()
        case 9: turnAround(&services, index)
        case 10: if services[index].schedule != nil { services[index].schedule = schedule() }
        case 11: services[index].listeners = random.chance(percent: 80) ? listeners() : []
        case 12: if !services[index].listeners.isEmpty { services[index].listeners = listeners() }
        default: alter(&services[index])
        }
    }

    /// What the service depends on depends on it from now on, where that makes no circle.
    private mutating func turnAround(_ services: inout [ServiceSpec], _ index: Int) {
        guard let dependency = services[index].dependencies.first else { return }
        services[index].dependencies.removeFirst()
        let name = services[index].name
        guard random.chance(percent: 70), !services.reaches(dependency.service, from: name),
            let other = services.firstIndex(where: { $0.name == dependency.service })
        else { return }
        services[other].dependencies.append(DependencySpec(service: name, condition: .started))
        services[other].dependencies.sort { $0.service < $1.service }
    }
}

extension [ServiceSpec] {
    /// One depends on the other, directly or not.
    fileprivate func reaches(_ name: ServiceName, from start: ServiceName) -> Bool {
        guard start != name else { return true }
        let dependencies = first { $0.name == start }?.dependencies ?? []
        return dependencies.contains { reaches(name, from: $0.service) }
    }
}

extension AutoscaleSpec {
    /// It is of something that is there to serve, and that has what its metrics are of.
    fileprivate func fits(_ spec: ServiceSpec) -> Bool {
        guard spec.schedule == nil, !spec.isAwaitedToComplete, spec.shouldStayUp else { return false }
        guard minimum > 0 || spec.canComeBack(by: metrics) else { return false }
        return metrics.allSatisfy { metric in
            switch (metric.source, metric.target) {
            case (.route, _): !spec.routes.isEmpty
            case (.memory, .utilization): spec.resources.memoryRequest != nil
            case (_, _): true
            }
        }
    }
}

extension RestartSpec.Mode {
    /// What ends well is started again.
    fileprivate var isEndless: Bool {
        switch self {
        case .no, .onFailure: false
        case .always, .unlessStopped: true
        }
    }
}

extension ServiceSpec {
    /// Everything that instances are made of, here also whether another service waits for their end: whether a program
    /// ends by itself depends on that.
    fileprivate var contentOfRevision: ServiceSpec {
        var spec = with(replicas: 0)
        spec.resources = ResourceSpec()
        spec.autoscale = nil
        spec.schedule = schedule.map { _ in ScheduleSpec(trigger: .interval(.zero)) }
        return spec
    }
}
