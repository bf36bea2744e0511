import StackModel

/// What operators ask for.
extension Supervisor {
    mutating func obey(_ command: Command) {
        switch command {
        case .start(let names): start(indices(orAll: names), areNamed: !names.isEmpty)
        case .stop(let names, let grace): stop(indices(orAll: names), grace: grace)
        case .restart(let names, let options): restart(indices(orAll: names), areNamed: !names.isEmpty, options)
        case .signal(let name, let replica, let signal): relay(signal, to: name, replica: replica)
        case .scale(let name, let number): scale(name, to: number)
        case .apply(let stack, let atOnce): apply(stack, atOnce: atOnce)
        case .rollout(let name, let action): obey(action, for: name)
        case .shutdown(let immediately, let grace): shutDown(immediately: immediately, grace: grace)
        }
    }

    private func indices(orAll names: [ServiceName]) -> [Int] {
        names.isEmpty ? listedServices : indices(of: names)
    }

    /// A scheduled service that is named begins a run at once.
    private mutating func start(_ roots: [Int], areNamed: Bool) {
        guard !isShuttingDown else { return }
        var isRoot = services.map { _ in false }
        for index in roots { isRoot[index] = true }
        for index in dependencyClosure(of: roots) {
            let isStopped = services[index].desired == .stopped
            guard isRoot[index] || isStopped || hasFailed(index) && !services[index].isScheduled else { continue }
            let reason = isRoot[index] ? .startRequested : startRequired(of: index, by: roots)
            let event = context.publish(reason, about: .service(services[index].name), cause: nil).id
            let run = areNamed && isRoot[index] ? .request : isStopped ? runOfStart(index) : nil
            ascend(index, again: isRoot[index] || hasFailed(index), run: run, causedBy: event)
            context.perform(.record(.desired(services[index].name, .running)))
        }
    }

    private func hasFailed(_ index: Int) -> Bool {
        services[index].replicas.contains { replicas[$0].hasFailed }
    }

    /// Names the first of the services that needs that one.
    func startRequired(of index: Int, by roots: [Int]) -> Reason {
        let root = roots.first { $0 != index && dependencyClosure(of: [$0]).contains(index) } ?? index
        return .startRequired(by: services[root].name)
    }

    /// The service is wanted from now on. `run`: what a scheduled one begins, where none is under way.
    mutating func ascend(_ index: Int, again: Bool, run: JobRun.Origin?, causedBy event: EventID) {
        services[index].desired = .running
        if let descent = services[index].descent,
            descent.isRestart || hasInstanceToEnd(index)
        {
            // It is on its way down, or not what is wanted any more: it comes up again when it is down.
            services[index].descent?.isRestart = true
            services[index].descent?.run = run ?? descent.run
        } else {
            services[index].descent = nil
            services[index].downSince = nil
            if services[index].scaledBy == nil { services[index].scaledBy = event }
            countWhereNew(index)
            adopt(services[index].revision, of: index)
            fitReplicas(of: index)
            for position in services[index].incoming + wantedReplicas(of: index) {
                want(position, of: index, again: again, causedBy: event)
            }
            if let run, services[index].runs.current == nil { admitRun(of: index, run, causedBy: event) }
        }
        unsettle(index)
    }

    /// One that is wanted ends already, or one is of a revision that does not count any more, or has lost its place.
    private func hasInstanceToEnd(_ index: Int) -> Bool {
        wantedReplicas(of: index).contains { replicas[$0].isEnding }
            || services[index].outgoing.contains { replicas[$0].hasInstance && !replicas[$0].isEnding }
            || services[index].replicas.contains { position in
                replicas[position].instance.map { !$0.revision.makesSame(as: services[index].revision) } ?? false
            }
    }

    /// An instance of the replica is wanted. One of a scheduled service waits for the next run, or joins the one that is
    /// under way.
    mutating func want(_ position: Int, of index: Int, again: Bool, causedBy event: EventID?) {
        let isScheduled = services[index].isScheduled
        let awaitsRun = isScheduled && (services[index].runs.current == nil || services[index].runs.isReplacing)
        changeReplica(position) { replica, context in
            if awaitsRun {
                replica.awaitRun(causedBy: event, in: &context)
            } else {
                replica.want(again: again && !isScheduled, causedBy: event, in: &context)
            }
        }
    }

    private mutating func stop(_ indices: [Int], grace: Duration?) {
        guard !isShuttingDown else { return }
        for index in indices {
            let event = context.publish(.stopRequested, about: .service(services[index].name), cause: nil).id
            services[index].desired = .stopped
            context.perform(.record(.desired(services[index].name, .stopped)))
            descend(index, Service.Descent(cause: .stopRequested, event: event, grace: grace, isRestart: false))
        }
    }

    /// A rollout of the same spec, but for what is down, or scheduled, or wanted at once: that goes down, and up again.
    private mutating func restart(_ indices: [Int], areNamed: Bool, _ options: RestartOptions) {
        guard !isShuttingDown else { return }
        for index in indices {
            let event = context.publish(options.motive.reason, about: .service(services[index].name), cause: nil).id
            let isDown = services[index].desired == .stopped || services[index].descent != nil
            let target = restarted(index, with: options.executables[services[index].name])
            services[index].desired = .running
            context.perform(.record(.desired(services[index].name, .running)))
            guard isDown || services[index].isScheduled || options.atOnce else {
                beginRollout(
                    of: index,
                    Transition(target: target, cause: options.motive.cause, event: event, grace: options.grace))
                continue
            }
            if !isDown, !services[index].isScheduled {
                services[index].isReplacedAtOnce = true
                _ = count(target, of: index, because: options.motive.cause)
            } else if target.spec.executable != services[index].spec.executable {
                services[index].revision = target
            }
            let run = areNamed ? .request : runOfStart(index)
            descend(
                index,
                Service.Descent(
                    cause: options.motive.stopCause, event: event, grace: options.grace, isRestart: true, run: run))
        }
    }

    /// The same spec, but for its executable where that is another by now, in the next epoch.
    private func restarted(_ index: Int, with executable: ExecutableFile?) -> ServiceRevision {
        var spec = services[index].spec
        if let executable { spec.executable = executable }
        return ServiceRevision(spec, epoch: services[index].lastEpoch + 1)
    }

    private mutating func shutDown(immediately: Bool, grace: Duration?) {
        isShuttingDown = true
        let event = context.publish(.shutdownRequested(immediately: immediately), about: .stack, cause: nil).id
        for index in order {
            services[index].desired = .stopped
            descend(
                index,
                Service.Descent(
                    cause: .shutdown, event: event, immediately: immediately, grace: grace, isRestart: false))
        }
    }

    mutating func descend(_ index: Int, _ descent: Service.Descent) {
        endRollout(of: index, causedBy: descent.event)
        services[index].descent = descent
        services[index].downSince = descent.event
        services[index].runs.hasSucceeded = false
        if !descent.isRestart || !services[index].isScheduled { dropQueuedRun(of: index) }
        unsettle(index)
    }

    private mutating func relay(_ signal: Signal, to name: ServiceName, replica: Int?) {
        guard let index = listedIndex(of: name) else { return }
        for position in services[index].rows where replica == nil || replicas[position].id.index == replica {
            changeReplica(position) { replica, context in
                replica.changeInstance(in: &context) { $0.relay(signal, in: &$1) }
            }
        }
    }
}

extension RestartMotive {
    fileprivate var reason: Reason {
        switch self {
        case .request: .restartRequested
        case .filesChanged(let count): .filesChanged(count)
        }
    }

    fileprivate var stopCause: StopCause {
        switch self {
        case .request: .restartRequested
        case .filesChanged(let count): .filesChanged(count)
        }
    }

    fileprivate var cause: RolloutCause {
        switch self {
        case .request: .restartRequested
        case .filesChanged(let count): .filesChanged(count)
        }
    }
}
