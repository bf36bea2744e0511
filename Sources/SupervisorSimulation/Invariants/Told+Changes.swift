import StackModel
import SupervisorCore

/// What an applied stack, a scale, a signal and a schedule change.
extension Told {
    /// What the rules say that applying a stack means for each service.
    func plan(for stack: StackSpec) -> [ServiceChange] {
        let isNeeded = neededByNew(in: stack)
        return services.indices.compactMap { index in
            let service = services[index]
            let spec = stack.services.first { $0.name == service.name }
            let kind: ServiceChange.Kind
            switch (service.isListed, spec) {
            case (false, nil): return nil
            case (true, nil): kind = .stop
            case (false, _?): kind = .start
            case (true, let spec?):
                if !service.isDesired && isNeeded[index] {
                    kind = .start
                } else if spec == service.spec {
                    kind = .none
                } else {
                    kind = service.isDesired && !service.spec.isLive(spec) ? .restart : .live
                }
            }
            return ServiceChange(service: service.name, kind: kind)
        }
    }

    private func neededByNew(in stack: StackSpec) -> [Bool] {
        var isNeeded = services.map { _ in false }
        var open = services.filter { !$0.isListed }.map(\.name)
        for service in services where service.isListed && service.isDesired {
            let spec = stack.services.first { $0.name == service.name }
            let dependencies = Set(service.spec.dependencies.map(\.service))
            open += spec?.dependencies.map(\.service).filter { !dependencies.contains($0) } ?? []
        }
        while let name = open.popLast() {
            guard let index = index(of: name), !isNeeded[index],
                let spec = stack.services.first(where: { $0.name == name })
            else { continue }
            isNeeded[index] = true
            open += spec.dependencies.map(\.service)
        }
        return isNeeded
    }

    mutating func apply(_ stack: StackSpec) {
        let changes = plan(for: stack)
        for change in changes where change.kind != .none {
            guard let index = index(of: change.service) else { continue }
            if let spec = stack.services.first(where: { $0.name == change.service }) {
                take(spec, for: index, change.kind)
            } else {
                services[index].isListed = false
                goDown(index, isDesired: false)
            }
        }
        linkDependencies()
        for change in changes where change.kind == .start {
            guard let index = index(of: change.service), !services[index].isRestarting else { continue }
            start(index, isNamed: true)
        }
    }

    private mutating func take(_ spec: ServiceSpec, for index: Int, _ kind: ServiceChange.Kind) {
        let before = services[index].spec
        if !services[index].isListed || before.replicas != spec.replicas { services[index].scale = nil }
        services[index].isListed = true
        services[index].revision = ServiceRevision(spec)
        if kind == .restart || kind == .start && before.with(replicas: spec.replicas) != spec && hasInstance(index) {
            goDown(index, isDesired: true)
        }
        forgetSurplus(of: index)
    }

    mutating func scale(_ name: ServiceName, to number: Int) {
        guard let index = index(of: name), services[index].isListed else { return }
        services[index].scale = number
        forgetSurplus(of: index)
    }

    mutating func expectSignal(_ signal: Signal, to name: ServiceName, replica: Int?) {
        guard let index = index(of: name), services[index].isListed else { return }
        for position in services[index].replicas where replica == nil || replicas[position].id.index == replica {
            guard let instance = replicas[position].instance, case .running = instance.process else { continue }
            expectedSignals[instance.id] = signal
        }
    }

    mutating func comeDue(_ name: ServiceName) {
        guard !isShuttingDown, let index = index(of: name), services[index].isListed, services[index].isDesired,
            let schedule = services[index].spec.schedule
        else { return }
        let isInBetween = services[index].isGoingDown && !services[index].runs.isUnderWay
        services[index].runs.comeDue(schedule.overlap, isPossible: services[index].wanted > 0 && !isInBetween)
    }
}

extension ServiceSpec {
    func with(replicas: Int) -> ServiceSpec {
        var spec = self
        spec.replicas = replicas
        return spec
    }

    /// What the other says needs no new instances.
    fileprivate func isLive(_ other: ServiceSpec) -> Bool {
        var spec = with(replicas: other.replicas)
        if spec.schedule != nil && other.schedule != nil { spec.schedule = other.schedule }
        spec.isAwaitedToComplete = other.isAwaitedToComplete
        return spec == other
    }
}
