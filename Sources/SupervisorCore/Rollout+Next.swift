import StackModel

/// What a rollout does next.
extension Rollout {
    mutating func next(_ view: View, _ spec: RolloutSpec, at now: Instant) -> Decision {
        note(view, spec, at: now)
        guard !isHeld else { return .nothing }
        if view.isReplaced, view.wanted == 0 || isPastItsSteps(spec) { return .complete }
        if let failure = failure(spec, wanted: view.wanted) { return .fail(failure) }
        switch state {
        case .waiting, .progressing:
            return proceed(view, spec, at: now)
        case .paused where isPastItsSteps(spec), .analysing where isPastItsSteps(spec):
            // The stack file does not have that step any more.
            state = .progressing
            progressedAt = now
            return proceed(view, spec, at: now)
        case .paused(let until):
            guard let until, until <= now else { return .nothing }
            passStep(at: now)
            return proceed(view, spec, at: now)
        case .analysing(let analysis):
            return analysis.isDue(at: now) ? .measure : .nothing
        case .failed:
            return .nothing
        }
    }

    private mutating func note(_ view: View, _ spec: RolloutSpec, at now: Instant) {
        if view.come > come {
            progressedAt = now
            delayedUntil = now.advanced(by: pace(of: spec).delay)
        }
        come = view.come
        // What takes its time to end is no lack of progress.
        if view.isDraining, !view.isPending { progressedAt = now }
    }

    private func failure(_ spec: RolloutSpec, wanted: Int) -> Failure? {
        guard isUnderWay, !ignoresFailures, failures > wanted * spec.failureTolerance / 1000 else { return nil }
        return lastFailure
    }

    private mutating func proceed(_ view: View, _ spec: RolloutSpec, at now: Instant) -> Decision {
        switch view.obstacle {
        case .never(let why, let cause) where !ignoresFailures:
            return .fail(Failure(why: why, cause: cause))
        case .never:
            state = .waiting
            return .nothing
        case .wait(let wait):
            state = .waiting
            guard toldWait != wait else { return .nothing }
            toldWait = wait
            return .wait(wait)
        case nil:
            if case .waiting = state { progressedAt = now }
            state = .progressing
            toldWait = nil
        }
        if let decision = takeStep(view, spec, at: now) { return decision }
        if view.isReplaced, isPastItsSteps(spec) { return .complete }
        let moves = arithmetic(view, spec).moves(
            slots: view.slots, leaving: view.leaving, limit: limit(spec, wanted: view.wanted),
            mayBegin: delayedUntil <= now)
        if !moves.isEmpty {
            hasBegun = true
            hasReplaced = hasReplaced || moves.contains(where: \.replaces)
            progressedAt = now
            return .move(moves)
        }
        return deadline(spec).map { $0 <= now } == true ? .noProgress : .nothing
    }

    /// Goes through its steps as far as they are done; the decision that a new one brings.
    private mutating func takeStep(_ view: View, _ spec: RolloutSpec, at now: Instant) -> Decision? {
        while let next = nextStep(spec) {
            if toldStep != step {
                toldStep = step
                switch next {
                case .replicas: break
                case .pause(let period): state = .paused(until: period.map { now.advanced(by: $0) })
                case .analysis(let analysis): state = .analysing(Analysis(analysis, at: now))
                }
                return .step(step, next)
            }
            guard case .replicas(let quota) = next, view.available >= min(quota.roundedUp(of: view.wanted), view.wanted)
            else { return nil }
            passStep(at: now)
        }
        return nil
    }

    mutating func passStep(at now: Instant) {
        step += 1
        state = .progressing
        progressedAt = now
    }

    private func nextStep(_ spec: RolloutSpec) -> RolloutSpec.Step? {
        isPastItsSteps(spec) ? nil : spec.steps[step]
    }

    func isPastItsSteps(_ spec: RolloutSpec) -> Bool { origin.isWayBack || step >= spec.steps.count }

    /// How many replicas may be new at its present step.
    func limit(_ spec: RolloutSpec, wanted: Int) -> Int {
        guard !isPastItsSteps(spec) else { return wanted }
        for step in spec.steps[...step].reversed() {
            if case .replicas(let quota) = step { return min(quota.roundedUp(of: wanted), wanted) }
        }
        return 0
    }

    func pace(of spec: RolloutSpec) -> RolloutSpec.Pace {
        origin.isWayBack ? spec.rollbackPace ?? spec.pace : spec.pace
    }

    private func arithmetic(_ view: View, _ spec: RolloutSpec) -> RolloutArithmetic {
        RolloutArithmetic(wanted: view.wanted, pace: pace(of: spec))
    }
}

// MARK: - Time

extension Rollout {
    /// When it will have failed for want of progress; nil while that clock stands.
    func deadline(_ spec: RolloutSpec) -> Instant? {
        guard case .progressing = state, !ignoresFailures, !isHeld else { return nil }
        return max(progressedAt, delayedUntil).advanced(by: spec.progressDeadline)
    }

    /// When its phase ends by itself.
    func until(_ spec: RolloutSpec) -> Instant? {
        guard !isHeld else { return nil }
        if case .paused(let until) = state { return until }
        return deadline(spec)
    }

    /// When it wants to be asked again though nothing has happened.
    func wake(_ view: View, _ spec: RolloutSpec, at now: Instant) -> Instant? {
        guard !isHeld else { return nil }
        var times = [view.nextAvailable, until(spec)]
        if delayedUntil > now { times.append(delayedUntil) }
        if case .analysing(let analysis) = state, analysis.run == nil { times.append(analysis.due) }
        return times.compactMap { $0 }.min()
    }
}
