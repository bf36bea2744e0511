import StackModel
import SupervisorCore

/// Which revision counts, and what is of it.
extension Told {
    /// It was made of what counts, or can go on as that.
    func isOfTarget(_ revision: ServiceRevision?, _ service: Int) -> Bool {
        revision?.makesWhat(services[service].rollouts.turn ?? services[service].revision) ?? false
    }

    /// What counts is another from now on, and the instances are to be replaced.
    mutating func retarget(_ index: Int, to revision: ServiceRevision) {
        if services[index].rollouts.current == nil { services[index].rollouts.former = [] }
        services[index].rollouts.former.append(services[index].revision)
        services[index].revision = revision
        // What ends for one that does not count any more is what it was.
        for slot in services[index].replicas where !isOfTarget(replicas[slot].revision, index) {
            if let instance = replicas[slot].instance { replicas[slot].revision = instance.revision }
        }
        // What was to replace something, and is not what counts any more, is not followed by anything.
        for slot in services[index].replicas {
            let place = services[index].place(beside: slot)
            guard !isOfTarget(replicas[place].revision, index) else { continue }
            if let instance = replicas[place].instance, !instance.isEnding {
                if !instance.isReady { forNothing.insert(place) }
                continue
            }
            if let grace = services[index].rollouts.grace { replicas[place].instance?.limit(to: grace, at: now) }
            dismiss(place)
        }
    }

    /// The same spec, but for its executable where that is another by now, in an epoch of its own.
    func renewed(_ index: Int, _ options: RestartOptions = RestartOptions()) -> ServiceRevision {
        var spec = services[index].spec
        if let executable = options.executables[services[index].name] { spec.executable = executable }
        return ServiceRevision(spec, epoch: services[index].rollouts.lastEpoch + 1)
    }

    // MARK: Replacement

    /// Another is to take the slot's place. Where it has no instance, the next one is that.
    mutating func announceReplacement(of slot: Int) {
        let index = replicas[slot].service
        services[index].rollouts.current?.hasBegun = true
        replicas[slot].restarts.mayForgive()
        guard replicas[slot].instance?.isEnding ?? true, isAlone(slot) else { return }
        replicas[slot].revision = services[index].revision
        guard replicas[slot].instance == nil else { return }
        replicas[slot].hasCompleted = false
        replicas[slot].restarts.startWasAsked(isNamed: false, hasCompleted: false, at: now)
    }

    /// The instance is ended because another takes its place, which stands beside it, or is made when it is gone.
    mutating func replace(_ id: InstanceID) {
        guard let row = row(of: id) else { return }
        let index = replicas[row].service
        let rollouts = services[index].rollouts
        if let grace = rollouts.grace ?? rollouts.current?.grace { change(id) { $0.limit(to: grace, at: $1) } }
        guard services[index].replicas.contains(row) else { return dismiss(row) }
        services[index].rollouts.current?.hasBegun = true
        guard isAlone(row) else { return swap(row) }
        replicas[row].revision = services[index].revision
        replicas[row].restarts.mayForgive()
    }

    /// What is available has taken the place of what had no instance any more, or was ending, which nobody says.
    mutating func settlePlaces(of index: Int) {
        let service = services[index]
        guard let current = service.rollouts.current, current.standstill == nil else { return }
        for slot in service.replicas where replicas[slot].instance?.isEnding ?? true {
            let place = service.place(beside: slot)
            guard isOfTarget(replicas[place].revision, index), isAvailable(place, at: now) else { continue }
            if let grace = current.grace { replicas[slot].instance?.limit(to: grace, at: now) }
            swap(slot)
            replicas[slot].cameUntold = true
        }
    }

    /// Nothing stands beside the slot that is to take its place, or may have done so.
    func isAlone(_ slot: Int) -> Bool {
        let service = services[replicas[slot].service]
        return service.replicas.contains(slot) && replicas[service.place(beside: slot)].revision == nil
    }

    // MARK: What is there

    /// Anything was made of another revision than the one that comes.
    func hasFormer(_ index: Int) -> Bool {
        services[index].rows.contains { replicas[$0].revision.map { !isOfTarget($0, index) } ?? false }
    }

    /// All of its replicas are of what counts, and nothing of anything else is left.
    func isOfOneRevision(_ index: Int) -> Bool {
        let service = services[index]
        return !leaving.contains { $0.service == index }
            && service.replicas.allSatisfy { replicas[service.place(beside: $0)].instance == nil }
            && service.wantedReplicas.allSatisfy { slot in
                replicas[slot].revision == nil || isOfTarget(replicas[slot].revision, index)
            }
    }

    /// Its replicas that are ready; of those of the revision that comes only such as are available.
    func readyReplicas(of index: Int, without id: InstanceID) -> Int {
        services[index].rows.count { row in
            guard replicas[row].instance?.id != id else { return false }
            return isOfTarget(replicas[row].revision, index)
                ? isAvailable(row, at: now) : replicas[row].instance?.isReady == true
        }
    }

    /// It has been ready for long enough, or has done what it was there for.
    func isAvailable(_ row: Int, at time: Instant) -> Bool {
        let service = services[replicas[row].service]
        guard let instance = replicas[row].instance, let since = instance.readySince, !service.spec.isAwaitedToComplete
        else { return replicas[row].hasCompleted }
        return since.advanced(by: pace(of: instance.service).minReady) <= time
    }

    /// How many replicas the service has, of the revision that comes, without the row.
    func updatedReplicas(of index: Int, without row: Int) -> Int {
        services[index].rows.count { other in
            other != row && replicas[other].revision.map { isOfTarget($0, index) } ?? false
        }
    }

    /// All replicas of the revision that counts were available, and nothing is under way.
    mutating func noteProof(of index: Int) {
        let service = services[index]
        let number = service.rollouts.lastNumber
        guard !service.rollouts.good.contains(number), service.rollouts.current == nil, service.isDesired,
            !service.isGoingDown, !service.isScheduled, service.wanted > 0,
            service.wantedReplicas.allSatisfy({ isAvailable($0, at: now) })
        else { return }
        let isSure = service.wantedReplicas.allSatisfy { isAvailable($0, at: servedUntil) }
        services[index].rollouts.note(good: number, isSure: isSure)
    }

    // MARK: Failure

    /// What may become of the rollout under way should it fail.
    func consequences(ofFailureOf index: Int) -> [RolloutReason.Consequence] {
        let service = services[index]
        guard let current = service.rollouts.current else { return [] }
        if current.isRollback { return [.goesOn] }
        switch service.spec.rollout.onFailure {
        // Without its listeners nothing goes on.
        case .continue: return [.goesOn, .standsStill]
        case .pause: return [.standsStill]
        case .rollback: break
        }
        if service.spec.isOneShot { return [.standsStill] }
        return [service.rollouts.good, service.rollouts.maybeGood].map { numbers in
            let good = service.rollouts.latestGood(but: service.revision, among: numbers)
            return good.map { .goesBack(to: $0) } ?? .nothingToGoBackTo
        }
    }

    /// The rollout under way goes back should it fail.
    func willGoBack(_ index: Int) -> Bool {
        guard services[index].rollouts.current != nil else { return false }
        return consequences(ofFailureOf: index).allSatisfy { if case .goesBack = $0 { true } else { false } }
    }

    // MARK: Steps

    /// What somebody wants of the rollout.
    mutating func act(on name: ServiceName, _ action: RolloutAction) {
        guard let index = index(of: name), services[index].isListed else { return }
        let rollouts = services[index].rollouts
        switch action {
        case .pause, .resume: break
        case .promote(let fully):
            services[index].rollouts.current?.leavesOutSteps = fully || rollouts.current?.leavesOutSteps == true
        case .undo(let number):
            let latest = rollouts.latestGood(but: services[index].revision, among: rollouts.maybeGood)
            services[index].rollouts.allowed = (number ?? latest).map { .undone(to: $0) }
        }
    }

    /// So many replicas of the revision that comes are allowed by the steps of its canary; nil is without limit.
    func canaryLimit(of index: Int) -> Int? {
        let steps = services[index].spec.rollout.steps
        guard let current = services[index].rollouts.current, !steps.isEmpty, !current.isWayBack,
            !current.leavesOutSteps
        else {
            return nil
        }
        var reached = current.step?.number ?? 1
        if let step = current.step, step.number > steps.count || hasPassed(step, index) { reached += 1 }
        guard reached <= steps.count else { return nil }
        let wanted = services[index].wanted
        let limits = steps.prefix(reached).compactMap { step -> Int? in
            if case .replicas(let quota) = step { quota.roundedUp(of: wanted) } else { nil }
        }
        return limits.last ?? 0
    }

    /// It has had what it waits for.
    private func hasPassed(_ step: (number: Int, since: Instant), _ index: Int) -> Bool {
        let current = services[index].rollouts.current
        if current?.isPromoted == true { return true }
        switch services[index].spec.rollout.steps[step.number - 1] {
        case .replicas(let quota):
            let available = services[index].rows.count { row in
                isOfTarget(replicas[row].revision, index) && isAvailable(row, at: now)
            }
            return available >= min(quota.roundedUp(of: services[index].wanted), services[index].wanted)
        case .pause(let period): return period.map { step.since.advanced(by: $0) <= now } ?? false
        case .analysis: return current?.analysis.map { $0.outcome != .open } ?? false
        }
    }

    mutating func takeMeasurement(of name: ServiceName, _ run: UInt64, _ values: [Measurement.Value]) {
        guard let index = index(of: name) else { return }
        services[index].rollouts.verdicts = services[index].rollouts.current?.analysis?.take(run, values) ?? []
    }

    // MARK: Arithmetic

    /// How many more than wanted there may be.
    func surge(of index: Int) -> Int {
        pace(of: index).maxSurge.roundedUp(of: services[index].wanted)
    }

    /// How many fewer than wanted may be ready.
    func unavailable(of index: Int) -> Int {
        let unavailable = pace(of: index).maxUnavailable.roundedDown(of: services[index].wanted)
        return unavailable == 0 && surge(of: index) == 0 ? 1 : unavailable
    }

    private func pace(of index: Int) -> RolloutSpec.Pace {
        let spec = services[index].spec.rollout
        return services[index].rollouts.current?.isWayBack == true ? spec.rollbackPace ?? spec.pace : spec.pace
    }
}

extension ServiceSpec {
    /// It is there to end well.
    fileprivate var isOneShot: Bool { isAwaitedToComplete || restart.mode == .no }

    /// An instance that was made of this spec can go on with the other.
    func becomes(_ other: ServiceSpec) -> Bool {
        process == other.process && listeners == other.listeners && ports == other.ports && notify == other.notify
            && watchdog == other.watchdog && executable == other.executable && saysReady == other.saysReady
            && (secrets == other.secrets || other.onSecretChange != .rollout)
            && (schedule == nil) == (other.schedule == nil)
    }
}
