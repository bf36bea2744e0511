import StackModel

/// Replacing the instances of a service's revision by another's.
extension Supervisor {
    /// What somebody wants the service to become, and why.
    struct Transition: Sendable {
        var target: ServiceRevision
        var cause: RolloutCause
        var event: EventID
        var grace: Duration?
        /// It goes back to what that number was, as what counts has failed.
        var goesBackTo: Int?
    }

    // MARK: It begins

    /// That revision counts from now on, and replaces what runs. What an earlier rollout has under way is taken over from
    /// where it stands.
    mutating func beginRollout(of index: Int, _ transition: Transition) {
        let service = services[index]
        let target = transition.target
        let isWayBack = transition.goesBackTo != nil || service.history.hasBeenGood(target)
        let number = count(target, of: index, because: transition.cause)
        if let rollout = service.rollout, rollout.isUnderWay {
            tell(.superseded(number: rollout.number, by: number), of: index, causedBy: transition.event)
        }
        adopt(target, of: index)
        let replacement = Replica.Replacement(number: number, cause: transition.cause, grace: transition.grace)
        for position in service.incoming where !isNeeded(position, of: index) && !replicas[position].isReady {
            retire(position, of: index, replacement.stopCause, grace: transition.grace, causedBy: transition.event)
        }
        let replaced = replacedRevisions(of: index)
        let good = service.history.latest { $0.isGood }?.revision
        let former = replaced.first { $0 === good } ?? replaced.first
        // What never had an instance has nothing that it could come back with.
        for position in services[index].replicas where replicas[position].latest == nil {
            replicas[position].revision = isWayBack ? target : former ?? target
        }
        let origin = Rollout.Origin(
            number: number, cause: transition.cause, former: former, others: replaced.differing(from: target),
            isWayBack: isWayBack, grace: transition.grace)
        let event: StackEvent
        if case .rolledBack(let failed) = transition.cause, let good = transition.goesBackTo {
            event = tell(.rollbackBegan(from: failed, to: good, number: number), of: index, causedBy: transition.event)
        } else {
            let reason = RolloutReason.began(number: number, target.spec.revision, transition.cause)
            event = tell(reason, of: index, causedBy: transition.event)
        }
        services[index].rollout = Rollout(
            origin, hasReplaced: service.rollout?.hasReplaced ?? service.isReplacedAtOnce, event: event,
            at: context.now)
        // Before anything can be made of it.
        fitListeners(of: index)
        unsettle(index)
    }

    /// Has the revision be the one that counts, under a new number, which is the result.
    mutating func count(_ target: ServiceRevision, of index: Int, because cause: RolloutCause) -> Int {
        services[index].revision = target
        linkDependencies(of: index)
        unsettle(index)
        return enterHistory(of: index, because: cause)
    }

    /// The revision that the service starts from is another than the one that counted when it ran last, or its first.
    mutating func countWhereNew(_ index: Int) {
        let current = services[index].history.current
        guard current?.revision !== services[index].revision else { return }
        _ = enterHistory(of: index, because: current == nil ? .started : .changed)
    }

    private mutating func enterHistory(of index: Int, because cause: RolloutCause) -> Int {
        let revision = services[index].revision
        services[index].lastEpoch = max(services[index].lastEpoch, revision.epoch)
        let number = services[index].history.begin(revision, because: cause, at: context.now)
        keepRevisions(of: index)
        return number
    }

    mutating func keepRevisions(of index: Int) {
        context.perform(.keepRevisions(services[index].name, services[index].history.revisions))
    }

    /// What is replaced: what the replicas were made of that are not of the revision that counts, each once, the newest
    /// first.
    private func replacedRevisions(of index: Int) -> [ServiceRevision] {
        let service = services[index]
        var replaced: [ServiceRevision] = []
        for position in service.present where replicas[position].latest != nil {
            let revision = replicas[position].revision
            let isKnown = ([service.revision] + replaced).contains { $0 === revision }
            if !isKnown { replaced.append(revision) }
        }
        let history = service.history.revisions
        let ages = replaced.map { revision in history.firstIndex { $0 === revision } ?? history.count }
        return zip(ages, replaced).sorted { $0.0 < $1.0 }.map(\.1)
    }

    /// What makes the same instances as the revision that counts now is of it from now on, and any other of what it was
    /// made of last.
    mutating func adopt(_ target: ServiceRevision, of index: Int) {
        for position in services[index].present {
            changeReplica(position) { $0.fit(target, in: &$1) }
        }
    }

    /// One that stands beside a slot is to take its place still: not where what has the place will do, which it may when it
    /// goes back to that.
    func isNeeded(_ position: Int, of index: Int) -> Bool {
        let (replica, target) = (replicas[position], services[index].revision)
        return replica.revision === target
            && !services[index].replicas.contains { replicas[$0].id == replica.id && replicas[$0].revision === target }
    }

    // MARK: It goes on

    /// Does what the rollout says, until there is nothing more to do now.
    mutating func advanceRollout(of index: Int) {
        guard services[index].rollout != nil else { return }
        // Each round passes a step or replaces a replica.
        for _ in 0..<(8 + services[index].spec.rollout.steps.count * 2 + services[index].replicas.count * 2) {
            let view = view(of: index)
            let spec = services[index].spec.rollout
            let decision = services[index].rollout?.next(view, spec, at: context.now) ?? .nothing
            guard decision != .nothing else { break }
            carryOut(decision, of: index)
        }
        wakeRollout(of: index)
    }

    private mutating func carryOut(_ decision: Rollout.Decision, of index: Int) {
        switch decision {
        case .nothing: break
        case .wait(let wait): tell(.waits(wait), of: index)
        case .move(let moves):
            for move in moves { carryOut(move, of: index) }
        case .step(_, .pause(let period)): tell(.paused(.step(period)), of: index)
        case .step(let step, let what):
            tell(.step(step + 1, of: services[index].spec.rollout.steps.count, what), of: index)
        case .measure: measure(index)
        case .fail(let failure): failRollout(of: index, failure)
        case .noProgress: failRollout(of: index, lackOfProgress(of: index))
        case .complete: completeRollout(of: index)
        }
    }

    private mutating func carryOut(_ move: RolloutArithmetic.Move, of index: Int) {
        guard let rollout = services[index].rollout else { return }
        let (origin, event, target) = (rollout.origin, rollout.lastEvent.id, services[index].revision)
        let replacement = Replica.Replacement(number: origin.number, cause: origin.cause, grace: origin.grace)
        switch move {
        case .replaceInPlace(let slot):
            changeReplica(services[index].replicas[slot]) {
                $0.replace(by: target, replacement, causedBy: event, in: &$1)
            }
        case .surge(let slot):
            let new = admit(replicas[services[index].replicas[slot]].id, target)
            let place = services[index].incoming.firstIndex { replicas[$0].id.index > replicas[new].id.index }
            services[index].incoming.insert(new, at: place ?? services[index].incoming.count)
            changeReplica(new) {
                $0.announceReplacement(origin.number, causedBy: event, in: &$1)
                $0.want(again: false, causedBy: $0.lastEvent?.id, in: &$1)
            }
        case .exchange(let slot):
            let old = services[index].replicas[slot]
            guard let new = incoming(beside: old, of: index) else { return }
            services[index].incoming.removeAll { $0 == new }
            services[index].replicas[slot] = new
            replicas[new].succeed(replicas[old])
            retire(
                old, of: index, replacement.stopCause, grace: origin.grace, causedBy: replicas[new].lastEvent?.id)
        case .retract(let slot):
            guard let obsolete = incoming(beside: services[index].replicas[slot], of: index) else { return }
            retire(obsolete, of: index, replacement.stopCause, grace: origin.grace, causedBy: event)
        }
        unsettle(index)
    }

    func incoming(beside position: Int, of index: Int) -> Int? {
        services[index].incoming.first { replicas[$0].id == replicas[position].id }
    }

    /// What is not to have a place any more is ended, and vanishes when nothing of it is left.
    mutating func retire(
        _ position: Int, of index: Int, _ cause: StopCause, grace: Duration? = nil, causedBy event: EventID?
    ) {
        services[index].incoming.removeAll { $0 == position }
        services[index].outgoing.append(position)
        changeReplica(position) { $0.stop(cause, grace: grace, causedBy: event, in: &$1) }
        unsettle(index)
    }

    /// Publishes it, as the latest of the rollout where there is one.
    @discardableResult
    mutating func tell(_ reason: RolloutReason, of index: Int, causedBy cause: EventID? = nil) -> StackEvent {
        let event = context.publish(
            .rollout(reason), about: .service(services[index].name),
            cause: cause ?? services[index].rollout?.lastEvent.id)
        services[index].rollout?.lastEvent = event
        return event
    }

    // MARK: It ends

    /// All replicas are of its revision, and available.
    private mutating func completeRollout(of index: Int) {
        guard let rollout = services[index].rollout else { return }
        let reason: RolloutReason
        if case .rolledBack(let failed) = rollout.origin.cause {
            reason = .rolledBack(from: failed, number: rollout.number)
        } else {
            reason = .completed(number: rollout.number)
        }
        let event = tell(reason, of: index)
        services[index].rollout = nil
        services[index].isReplacedAtOnce = false
        context.deadlines[DeadlineSlots(of: index)[.rollout]] = nil
        if !rollout.isUnderWay { services[index].history.reopen() }
        // Where none is wanted, nothing has been shown.
        if services[index].wantedReplicas > 0 { services[index].history.conclude(.good, at: context.now) }
        fitListeners(of: index)
        if rollout.hasReplaced { restartDependents(of: index, causedBy: event.id) }
        unsettle(index)
    }

    /// The service goes down: what it was to become, it is when it starts.
    mutating func endRollout(of index: Int, causedBy event: EventID) {
        for position in services[index].incoming {
            services[index].outgoing.append(position)
        }
        services[index].incoming = []
        context.deadlines[DeadlineSlots(of: index)[.rollout]] = nil
        guard let rollout = services[index].rollout else { return }
        if rollout.isUnderWay { tell(.ended(number: rollout.number), of: index, causedBy: event) }
        services[index].rollout = nil
    }

    /// The revision that counts is good once all of its replicas are available, also where nothing was replaced.
    mutating func noteProof(of index: Int) {
        guard services[index].history.isUnderWay,
            wantedReplicas(of: index).allSatisfy({ replicas[$0].isReady || replicas[$0].hasCompleted })
        else { return }
        let service = services[index]
        guard service.rollout == nil, service.descent == nil, service.desired == .running,
            !service.isScheduled, service.wantedReplicas > 0
        else { return }
        let (areAvailable, next) = availability(of: Array(wantedReplicas(of: index)), of: index)
        context.deadlines[DeadlineSlots(of: index)[.rollout]] = next
        guard areAvailable.allSatisfy({ $0 }) else { return }
        services[index].history.conclude(.good, at: context.now)
        guard service.isReplacedAtOnce else { return }
        services[index].isReplacedAtOnce = false
        let last = service.replicas.last.flatMap { replicas[$0].lastEvent?.id }
        restartDependents(of: index, causedBy: last)
    }

    /// Those that asked for it are restarted after what they depend on; those that wait for that anyway are not twice.
    private mutating func restartDependents(of index: Int, causedBy event: EventID?) {
        let name = services[index].name
        for dependent in services[index].dependents where isRestarted(dependent, after: name) {
            let service = services[dependent]
            let reason = Reason.dependencyReplaced(name)
            let event = context.publish(reason, about: .service(service.name), cause: event).id
            let target = ServiceRevision(service.spec, epoch: service.lastEpoch + 1)
            beginRollout(
                of: dependent, Transition(target: target, cause: .dependencyReplaced(name), event: event))
        }
    }

    private func isRestarted(_ dependent: Int, after name: ServiceName) -> Bool {
        let service = services[dependent]
        guard service.spec.dependencies.contains(where: { $0.service == name && $0.restart }), service.isListed,
            service.descent == nil, service.desired == .running, !service.isScheduled, hasInstance(dependent)
        else { return false }
        return service.rollout.map { $0.hasBegun || !$0.isUnderWay } ?? true
    }
}

extension [ServiceRevision] {
    /// Those that listen elsewhere, one of each kind.
    fileprivate func differing(from target: ServiceRevision) -> [ServiceRevision] {
        reduce(into: []) { others, revision in
            let isKnown = ([target] + others).contains { $0.spec.listeners == revision.spec.listeners }
            if !isKnown { others.append(revision) }
        }
    }
}
