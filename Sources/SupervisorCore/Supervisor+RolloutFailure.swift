import StackModel

/// What becomes of rollouts that fail, and what somebody asks of them.
extension Supervisor {
    // MARK: Failure

    /// An instance has ended. It counts against its rollout where it was of the new revision and is itself to blame.
    mutating func noteFailure(of instance: InstanceMachine, of index: Int) {
        guard services[index].rollout != nil, instance.revision === services[index].revision, let end = instance.end,
            end.isFailure
        else { return }
        if case .notSpawned(_, isTransient: true) = end.manner { return }
        let what = failure(behind: instance.lastEvent) ?? instance.lastEvent.reason.description
        services[index].rollout?.noteFailure(
            Rollout.Failure(why: "\(instance.replica) \(instance.id): \(what)", cause: instance.lastEvent.id))
        unsettle(index)
    }

    /// Too long has nothing got better; the first new replica that is not available tells why.
    func lackOfProgress(of index: Int) -> Rollout.Failure {
        let service = services[index]
        let new = (service.incoming + service.replicas).first {
            replicas[$0].revision === service.revision && !replicas[$0].isReady && !replicas[$0].hasCompleted
        }
        let limit = service.spec.rollout.progressDeadline
        guard let new else { return Rollout.Failure(why: "no progress for \(limit.text)", cause: nil) }
        return Rollout.Failure(
            why: "no progress for \(limit.text); \(replicas[new].id): \(reason(of: replicas[new]))",
            cause: replicas[new].lastEvent?.id)
    }

    /// Goes back to the latest revision that was good, stands still, or goes on.
    mutating func failRollout(of index: Int, _ failure: Rollout.Failure, mayGoOn: Bool = true) {
        guard let rollout = services[index].rollout else { return }
        let spec = services[index].spec
        let consequence: RolloutReason.Consequence
        var good: RevisionHistory.Entry?
        switch spec.rollout.onFailure {
        case _ where rollout.origin.isRollback: consequence = .goesOn
        case .continue where mayGoOn: consequence = .goesOn
        case .rollback where !spec.endsForGood:
            good = services[index].history.latestGood
            consequence = good.map { .goesBack(to: $0.record.number) } ?? .nothingToGoBackTo
        case .rollback, .pause, .continue: consequence = .standsStill
        }
        let event = tell(
            .failed(number: rollout.number, why: failure.why, consequence), of: index, causedBy: failure.cause)
        guard consequence != .goesOn else {
            services[index].rollout?.goOn()
            return
        }
        services[index].history.conclude(.failed(failure.why), at: context.now)
        services[index].rollout?.fail()
        unsettle(index)
        guard let good else { return }
        beginRollout(
            of: index,
            Transition(
                target: good.revision.brought(into: spec), cause: .rolledBack(from: rollout.number), event: event.id,
                goesBackTo: good.record.number))
    }

    /// The listeners of the revision that comes cannot be bound: nothing of it is made. False: that was not tried.
    mutating func failRollout(of index: Int, forListeners failure: SpawnFailure) -> Bool {
        guard let rollout = services[index].rollout, !rollout.origin.others.isEmpty, !rollout.lacksListeners,
            rollout.isUnderWay, !rollout.origin.isRollback
        else { return false }
        services[index].rollout?.failForListeners()
        // All is as before, whatever was bound for earlier orders: the next says what is wanted.
        services[index].listeners = .open
        services[index].boundListeners = []
        failRollout(of: index, Rollout.Failure(why: failure.description, cause: nil), mayGoOn: false)
        fitListeners(of: index)
        return true
    }

    // MARK: Analyses

    mutating func measure(_ index: Int) {
        let run = nextMeasurement
        guard let analysis = services[index].rollout?.ask(run, at: context.now) else { return }
        nextMeasurement += 1
        let service = services[index]
        let instances = (service.replicas + service.incoming).compactMap { position in
            replicas[position].revision === service.revision ? replicas[position].instance?.id : nil
        }
        context.perform(
            .measure(Measurement(service: service.name, run: run, metrics: analysis.metrics, instances: instances)))
    }

    mutating func measured(_ name: ServiceName, run: UInt64, _ values: [Measurement.Value]) {
        guard let index = listedIndex(of: name),
            let (records, verdict) = services[index].rollout?.take(values, of: run, at: context.now)
        else { return }
        for record in records {
            tell(.measured(metric: record.metric, record.value, record.verdict), of: index)
        }
        switch verdict {
        case .undecided, .successful: break
        case .failed(let why):
            let cause = services[index].rollout?.lastEvent.id
            failRollout(of: index, Rollout.Failure(why: why, cause: cause))
            // One that goes on nevertheless has this step behind it.
            services[index].rollout?.passFailedAnalysis(at: context.now)
        case .inconclusive(let why): tell(.paused(.inconclusive(why)), of: index)
        }
        unsettle(index)
    }

    // MARK: What somebody asks

    mutating func obey(_ action: RolloutAction, for name: ServiceName) {
        guard !isShuttingDown, let index = listedIndex(of: name), services[index].descent == nil else { return }
        switch action {
        case .pause: pauseRollout(of: index)
        case .resume: resumeRollout(of: index)
        case .promote(let fully): promoteRollout(of: index, fully: fully)
        case .undo(let number): undo(index, to: number)
        }
        unsettle(index)
    }

    private mutating func pauseRollout(of index: Int) {
        guard let rollout = services[index].rollout, rollout.isUnderWay, !rollout.isHeld else { return }
        services[index].rollout?.isHeld = true
        tell(.paused(.request), of: index)
    }

    private mutating func resumeRollout(of index: Int) {
        let hadFailed = services[index].rollout.map { !$0.isUnderWay } ?? false
        guard services[index].rollout?.resume(at: context.now) == true else { return }
        if hadFailed { services[index].history.reopen() }
        tell(.resumed, of: index)
        fitListeners(of: index)
    }

    private mutating func promoteRollout(of index: Int, fully: Bool) {
        let spec = services[index].spec.rollout
        guard services[index].rollout?.promote(fully: fully, spec, at: context.now) == true else { return }
        tell(.promoted(fully: fully), of: index)
    }

    private mutating func undo(_ index: Int, to number: Int?) {
        let history = services[index].history
        guard !services[index].isScheduled, services[index].desired == .running,
            let former = number.map({ history.former($0) }) ?? history.latestGood
        else { return }
        let number = former.record.number
        let target = former.revision.brought(into: services[index].spec)
        let event = context.publish(
            .undoRequested(to: number), about: .service(services[index].name), cause: nil)
        beginRollout(of: index, Transition(target: target, cause: .undone(to: number), event: event.id))
    }
}

extension ServiceSpec {
    /// What it did is done: another revision of it undoes nothing.
    fileprivate var endsForGood: Bool {
        if case .no = restart.mode { true } else { isAwaitedToComplete }
    }
}
