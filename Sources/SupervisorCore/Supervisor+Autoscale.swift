import StackModel

/// How many replicas a service has under its load.
extension Supervisor {
    /// Has the autoscaler decide while the service is up, and sleep while it is not.
    mutating func fitAutoscaler(of index: Int) {
        guard services[index].revision.isAutoscaled || services[index].scaling != nil else { return }
        let slot = DeadlineSlots(of: index)[.load]
        guard let policy = activePolicy(of: index) else {
            ignoreConnections(of: index)
            services[index].scaling?.forgetQuestions()
            context.deadlines[slot] = nil
            if !services[index].revision.isAutoscaled { services[index].scaling = nil }
            return
        }
        if services[index].scaling == nil { services[index].scaling = Scaling() }
        if context.deadlines[slot] == nil {
            context.deadlines[slot] = context.now.advanced(by: max(policy.interval, Self.shortestInterval))
        }
        awaitConnection(of: index)
    }

    /// However short an interval the spec has, time goes on.
    private static let shortestInterval = Duration.milliseconds(100)

    /// That of a service that is up, unless somebody has scaled it down to none though it may not have fewer than some.
    func activePolicy(of index: Int) -> AutoscaleSpec? {
        guard services[index].revision.isAutoscaled, services[index].desired == .running,
            services[index].descent == nil, services[index].isListed, !isShuttingDown,
            let policy = services[index].spec.autoscale, policy.minimum == 0 || services[index].wantedReplicas > 0
        else { return nil }
        return policy
    }

    // MARK: Deciding

    /// It is time to look at the load again.
    mutating func loadDue(_ index: Int) {
        guard let policy = activePolicy(of: index), services[index].scaling != nil else { return }
        fitAutoscaler(of: index)
        let wanted = services[index].wantedReplicas
        // What is out of its bounds is brought back whatever its load is.
        guard policy.minimum <= wanted, wanted <= policy.maximum else {
            return decide(index, upon: LoadReport(readings: []))
        }
        let instances = loadSlots(of: index).flatMap(\.instances)
        guard !instances.isEmpty || policy.metrics.contains(where: \.tellsDemand) else {
            if wanted > 0 {
                decide(index, upon: LoadReport(readings: policy.metrics.map { _ in .failed("nothing of it runs") }))
            }
            return
        }
        let run = nextMeasurement
        nextMeasurement += 1
        services[index].scaling?.ask(run)
        context.perform(
            .measureLoad(
                LoadRequest(
                    service: services[index].name, run: run, metrics: policy.metrics, instances: instances)))
    }

    mutating func loadMeasured(_ name: ServiceName, run: UInt64, _ report: LoadReport) {
        guard let index = listedIndex(of: name), activePolicy(of: index) != nil,
            services[index].scaling?.isAnswered(by: run) == true
        else { return }
        decide(index, upon: report)
    }

    private mutating func decide(_ index: Int, upon report: LoadReport) {
        let situation = Autoscaler.Situation(
            services[index].spec, slots: loadSlots(of: index), report: report,
            committed: committedLimits(besides: index))
        guard var scaling = services[index].scaling else { return }
        // Taken out while it changes, so that it is changed in place and not copied.
        services[index].scaling = nil
        let decision = scaling.autoscaler.decide(situation, at: context.now)
        var isNews = false
        if let decision {
            scaling.keep(decision)
            isNews = scaling.note(decision, anyReady: situation.slots.contains(where: \.isReady))
        }
        services[index].scaling = scaling
        guard let decision else { return }
        if isNews { tellSituation(of: index, decision) }
        follow(decision, of: index, causedBy: nil)
    }

    private mutating func tellSituation(of index: Int, _ decision: ScalingDecision) {
        let reason: Reason
        switch services[index].scaling?.situation {
        case nil, .free: reason = .scalingFree
        case .blind: reason = .scalingHeld(decision.reason)
        case .held: reason = .scalingHeld(decision.hold?.description ?? decision.reason)
        }
        let event = context.publish(
            reason, about: .service(services[index].name), cause: services[index].scaling?.lastEvent?.id)
        services[index].scaling?.lastEvent = event
    }

    private mutating func follow(_ decision: ScalingDecision, of index: Int, causedBy cause: EventID?) {
        guard decision.desired != decision.current else { return }
        let scale = Scale(decision.desired, by: .autoscaler)
        services[index].scale = scale
        context.perform(.record(.scaled(services[index].name, scale)))
        noteScale(
            of: index, .autoscaled(from: decision.current, to: decision.desired, because: decision.reason),
            removing: decision.removed, causedBy: cause)
    }

    // MARK: What it decides upon

    /// The wanted replicas as the autoscaler sees them.
    private func loadSlots(of index: Int) -> [LoadSlot] {
        wantedReplicas(of: index).map { position in
            let replica = replicas[position]
            let beside = incoming(beside: position, of: index)
            let instances = [position, beside].compactMap { $0.flatMap { replicas[$0].instance } }
            return LoadSlot(
                index: replica.id.index, state: replica.loadState,
                instances: instances.filter(\.isRunning).map(\.id))
        }
    }

    /// What the limits of the replicas of all other services that are up add up to.
    private func committedLimits(besides index: Int) -> CommittedLimits {
        var sum = CommittedLimits()
        for other in order where other != index && services[other].desired == .running && services[other].isListed {
            sum.add(services[other].wantedReplicas, of: services[other].spec.resources)
        }
        return sum
    }
}

// MARK: - Scale to zero

extension Supervisor {
    /// At none, has the runner say when somebody wants to be served.
    private mutating func awaitConnection(of index: Int) {
        guard services[index].wantedReplicas == 0, services[index].listeners == .open,
            services[index].spec.canBeAwaited
        else { return ignoreConnections(of: index) }
        guard services[index].scaling?.awaitsConnection == false else { return }
        services[index].scaling?.awaitsConnection = true
        context.perform(.awaitConnection(services[index].name))
    }

    private mutating func ignoreConnections(of index: Int) {
        guard services[index].scaling?.awaitsConnection == true else { return }
        services[index].scaling?.awaitsConnection = false
        context.perform(.ignoreConnections(services[index].name))
    }

    mutating func connectionWaiting(_ name: ServiceName) {
        guard let index = listedIndex(of: name), services[index].scaling?.awaitsConnection == true,
            let policy = activePolicy(of: index), var scaling = services[index].scaling
        else { return }
        scaling.awaitsConnection = false
        let decision = scaling.autoscaler.wake(policy, at: context.now)
        scaling.keep(decision)
        scaling.forgetQuestions()
        services[index].scaling = scaling
        // Its load is of interest one interval after its start.
        context.deadlines[DeadlineSlots(of: index)[.load]] = nil
        follow(decision, of: index, causedBy: nil)
    }

    /// It is down to none and comes up when it is needed, or does so just now: whoever wants something of it waits in its
    /// queue, as with systemd's socket activation.
    func isOnDemand(_ index: Int) -> Bool {
        guard services[index].revision.isAutoscaled, services[index].listeners == .open,
            let policy = activePolicy(of: index)
        else { return false }
        if services[index].wantedReplicas == 0 { return policy.minimum == 0 }
        return services[index].scaling?.isWaking == true
            && wantedReplicas(of: index).allSatisfy { replicas[$0].phase != .backoff && !replicas[$0].hasFailed }
    }
}

extension ServiceSpec {
    /// Somebody can stand in a queue for it.
    fileprivate var canBeAwaited: Bool { !listeners.isEmpty || !routes.isEmpty }
}

extension Replica {
    fileprivate var loadState: LoadSlot.State {
        switch state {
        case .stopped, .scheduled, .waiting: .pending
        case .backingOff: .restarting
        case .completed, .failed, .unstartable: .ended
        case .active(let instance):
            instance.startedAt.map {
                // One that has never been ready ceased to be when it began.
                .running(LoadSlot.Life(started: $0, isReady: isReady, since: max($0, readinessSince)))
            } ?? .pending
        }
    }
}

extension InstanceMachine {
    /// When its process was made; nil where there is none, or it is being ended.
    fileprivate var startedAt: Instant? {
        switch state {
        case .starting(let process), .up(let process): process.spawnedAt
        case .spawning, .abandoned, .stopping, .clearing, .ended: nil
        }
    }
}
