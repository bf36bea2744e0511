import StackModel

/// What operators ask for.
extension Supervisor {
    mutating func obey(_ command: Command) {
        switch command {
        case .start(let names): start(indices(orAll: names))
        case .stop(let names): stop(indices(orAll: names))
        case .restart(let names): restart(indices(orAll: names))
        case .shutdown(let immediately): shutDown(immediately: immediately)
        }
    }

    private func indices(orAll names: [ServiceName]) -> [Int] {
        names.isEmpty ? Array(services.indices) : indices(of: names)
    }

    private mutating func start(_ roots: [Int]) {
        guard !isShuttingDown else { return }
        var isRoot = services.map { _ in false }
        for index in roots { isRoot[index] = true }
        let first = roots.first.map { services[$0].name }
        for index in dependencyClosure(of: roots) {
            let reason: Reason
            if isRoot[index] {
                reason = .startRequested
            } else {
                guard services[index].desired == .stopped || hasFailed(index), let first else { continue }
                reason = .startRequired(by: dependents(of: index, among: roots) ?? first)
            }
            let event = context.publish(reason, about: .service(services[index].name), cause: nil).id
            ascend(index, again: isRoot[index] || hasFailed(index), causedBy: event)
            context.perform(.record(.desired(services[index].name, .running)))
        }
    }

    private func hasFailed(_ index: Int) -> Bool {
        services[index].replicas.contains { replicas[$0].hasFailed }
    }

    /// The first of the services that needs that one.
    private func dependents(of index: Int, among roots: [Int]) -> ServiceName? {
        roots.first { $0 != index && dependencyClosure(of: [$0]).contains(index) }.map { services[$0].name }
    }

    /// The service is wanted from now on.
    mutating func ascend(_ index: Int, again: Bool, causedBy event: EventID) {
        services[index].desired = .running
        if let descent = services[index].descent,
            descent.isRestart || services[index].replicas.contains(where: { replicas[$0].isEnding })
        {
            // It is on its way down: it comes up again when it is there.
            services[index].descent?.isRestart = true
        } else {
            services[index].descent = nil
            services[index].downSince = nil
            for position in services[index].replicas {
                changeReplica(position) { $0.want(again: again, causedBy: event, in: &$1) }
            }
        }
        unsettle(index)
    }

    private mutating func stop(_ indices: [Int]) {
        guard !isShuttingDown else { return }
        for index in indices {
            let event = context.publish(.stopRequested, about: .service(services[index].name), cause: nil).id
            services[index].desired = .stopped
            context.perform(.record(.desired(services[index].name, .stopped)))
            descend(index, Service.Descent(cause: .stopRequested, event: event, isRestart: false))
        }
    }

    private mutating func restart(_ indices: [Int]) {
        guard !isShuttingDown else { return }
        for index in indices {
            let event = context.publish(.restartRequested, about: .service(services[index].name), cause: nil).id
            services[index].desired = .running
            context.perform(.record(.desired(services[index].name, .running)))
            descend(index, Service.Descent(cause: .restartRequested, event: event, isRestart: true))
        }
    }

    private mutating func shutDown(immediately: Bool) {
        isShuttingDown = true
        let event = context.publish(.shutdownRequested(immediately: immediately), about: .stack, cause: nil).id
        for index in services.indices {
            services[index].desired = .stopped
            descend(
                index,
                Service.Descent(cause: .shutdown, event: event, immediately: immediately, isRestart: false))
        }
    }

    private mutating func descend(_ index: Int, _ descent: Service.Descent) {
        services[index].descent = descent
        services[index].downSince = descent.event
        unsettle(index)
    }
}
