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
                } else if spec == service.spec.with(definition: spec.definition) {
                    kind = .none
                } else if !service.isDesired || service.spec.becomes(spec) {
                    kind = .live
                } else {
                    kind = service.isScheduled || spec.schedule != nil ? .restart : .rolling
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

    mutating func apply(_ stack: StackSpec, atOnce: Bool) {
        let changes = plan(for: stack)
        for change in changes where change.kind != .none {
            guard let index = index(of: change.service) else { continue }
            if let spec = stack.services.first(where: { $0.name == change.service }) {
                take(spec, for: index, change.kind == .rolling && atOnce ? .restart : change.kind)
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
        let isLeftAlone = !spec.isAutoscaled && services[index].scale?.rule == .autoscaler
        // What is scaled by its load stays as it is while it is up: the file says where it begins.
        let goesOn = spec.isAutoscaled && services[index].isUp && services[index].wanted > 0
        if !services[index].isListed || before.replicas != spec.replicas && !goesOn || isLeftAlone {
            services[index].scale = nil
        } else if before.replicas != spec.replicas, services[index].scale == nil {
            services[index].scale = Scale(services[index].wanted, by: .autoscaler)
        }
        if !services[index].isListed || !spec.isAutoscaled { scaling[index].ledger = ScalingLedger() }
        if spec.autoscale != before.autoscale {
            scaling[index].ledger.blur()
            scaling[index].forgetQuestions()
            scaling[index].rest(at: now)
        }
        services[index].isListed = true
        let revision = ServiceRevision(spec, epoch: services[index].revision.epoch)
        switch kind {
        case .rolling where !services[index].isGoingDown:
            retarget(index, to: revision)
            services[index].rollouts.expected = .changed
        case .rolling, .restart:
            retarget(index, to: revision)
            services[index].rollouts.isReplacedAtOnce = services[index].rollouts.isReplacedAtOnce || hasInstance(index)
            goDown(index, isDesired: true)
        case .none, .live, .start, .stop:
            services[index].revision = revision
            if kind == .start, !before.becomes(spec), hasInstance(index) {
                services[index].rollouts.isReplacedAtOnce = true
                goDown(index, isDesired: true)
            }
        }
        fit(index)
    }

    mutating func scale(_ name: ServiceName, to number: Int) {
        guard let index = index(of: name), services[index].isListed else { return }
        services[index].scale = Scale(number, by: .manual)
        fit(index)
    }

    /// The number that is wanted is another, or not. It shrinks by these slots, then by the highest, and grows by the
    /// lowest that are free; what still ends is waited for only where no other is free.
    mutating func fit(_ index: Int, removing removed: [Int] = []) {
        let service = services[index]
        var wanted = service.wantedReplicas.filter { !removed.contains($0) }
        while wanted.count > service.wanted { wanted.removeLast() }
        let bound = max(service.wanted, service.spec.autoscale?.maximum ?? 0)
        let surplus = service.replicas.filter { !wanted.contains($0) }
        let free = surplus.filter { replicas[$0].instance == nil && $0 - service.replicas.lowerBound < bound }
        let candidates = free + surplus.filter { !free.contains($0) }
        wanted += candidates.prefix(max(0, service.wanted - wanted.count))
        services[index].wantedReplicas = wanted.sorted()
        forgetSurplus(of: index)
    }

    mutating func expectSignal(_ signal: Signal, to name: ServiceName, replica: Int?) {
        guard let index = index(of: name), services[index].isListed else { return }
        for instance in instances(of: index) {
            guard replica == nil || replicas[instance.replica].id.index == replica, case .running = instance.process
            else { continue }
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
    func with(definition: Revision) -> ServiceSpec {
        var spec = self
        spec.definition = definition
        return spec
    }

    func with(replicas: Int) -> ServiceSpec {
        var spec = self
        spec.replicas = replicas
        return spec
    }
}
