import StackModel
import SupervisorCore

/// Which revision counts, and what becomes of the rollouts to it.
extension Judge {
    // MARK: What counts

    /// The newest of these counts. Whatever is made again, and the latest good one, is kept.
    mutating func keep(_ revisions: [ServiceRevision], of name: ServiceName) throws(Violation) {
        guard let index = told.index(of: name) else { return }
        let former = told.services[index].rollouts.kept.first
        told.services[index].rollouts.keep(revisions)
        guard let first = revisions.first else { return told.forget(index) }
        let service = told.services[index]
        let needed = service.wantedReplicas.compactMap { told.replicas[$0].revision }
        for revision in needed where !revisions.contains(where: { $0.spec.executable == revision.spec.executable }) {
            throw violation(.rollout, "\(name) may need revision \(revision.spec.revision) again, which is not kept")
        }
        guard first !== service.revision else { return }
        let isNew = former == nil || first.epoch == service.revision.epoch
        if isNew, first.spec == service.spec.with(definition: first.spec.definition) {
            told.services[index].revision = first
        } else {
            told.services[index].rollouts.turn = first
        }
    }

    // MARK: What the core says of a rollout

    mutating func read(_ reason: RolloutReason, of index: Int) throws(Violation) {
        switch reason {
        case .began(let number, _, let cause): try begin(number, cause, index)
        case .rollbackBegan(let failed, let good, let number): try goBack(from: failed, to: good, number, index)
        case .failed(let number, _, let consequence): try fail(number, consequence, index)
        case .completed(let number), .rolledBack(_, let number): try complete(number, index)
        case .step(let number, let count, let step): try beginStep(number, of: count, step, index)
        case .paused(let pause): beginPause(pause, index)
        case .resumed:
            // What the step was to show is shown once more.
            let hadFailed = told.services[index].rollouts.current?.standstill == .failed
            told.services[index].rollouts.current?.repeatsStep = hadFailed
            told.services[index].rollouts.current?.standstill = nil
        case .promoted: promote(index)
        case .ended: told.services[index].rollouts.current = nil
        case .measured(_, _, let verdict): try take(verdict, index)
        case .superseded, .waits, .replaced: break
        }
    }

    private mutating func begin(_ number: Int, _ cause: RolloutCause, _ index: Int) throws(Violation) {
        let rollouts = told.services[index].rollouts
        switch cause {
        case .dependencyReplaced(let name):
            guard told.replaced.contains(name) || told.isReplacedAtOnce(name) else {
                throw violation(
                    .rollout, "\(told.services[index].name) is restarted for \(name), which was not replaced")
            }
            told.services[index].rollouts.owed = []
            let revision = told.services[index].revision
            guard let epoch = rollouts.turn?.epoch, epoch > revision.epoch else {
                throw violation(.rollout, "\(told.services[index].name) is restarted in an epoch that is not new")
            }
            told.retarget(index, to: ServiceRevision(revision.spec, epoch: epoch))
        case .undone(let former):
            guard rollouts.allowed == cause, let target = rollouts.revisions[former] else {
                throw violation(.rollout, "\(told.services[index].name) goes back, and nobody asked for it: \(cause)")
            }
            told.retarget(index, to: target)
        case .started, .restartRequested, .filesChanged, .changed, .rolledBack:
            guard rollouts.expected == cause else {
                throw violation(.rollout, "\(told.services[index].name) is replaced, and nobody asked for it: \(cause)")
            }
        }
        told.services[index].rollouts.expected = nil
        try start(number, cause, index)
    }

    private mutating func start(_ number: Int, _ cause: RolloutCause, _ index: Int) throws(Violation) {
        if let turn = told.services[index].rollouts.turn {
            told.services[index].rollouts.turn = nil
            // The relations of the services are those of the stack file, whatever comes back.
            guard turn.makesWhat(told.services[index].revision) else {
                throw violation(
                    .rollout,
                    "\(told.services[index].name) becomes \(turn.spec.revision), epoch \(turn.epoch): \(cause)")
            }
            told.services[index].revision = turn
            told.linkDependencies()
        }
        guard number == told.services[index].rollouts.lastNumber else {
            throw violation(
                .rollout, "\(told.services[index].name) has a rollout to number \(number), and not to the next")
        }
        let isRollback = if case .rolledBack = cause { true } else { false }
        let rollouts = told.services[index].rollouts
        let revision = told.services[index].revision
        let wasGood = rollouts.maybeGood.contains { rollouts.revisions[$0]?.makesWhat(revision) ?? false }
        told.services[index].rollouts.current = ToldRollouts.Current(
            number: number, cause: cause, isRollback: isRollback, isWayBack: isRollback || wasGood,
            grace: rollouts.grace)
        told.services[index].rollouts.grace = nil
    }

    private mutating func fail(
        _ number: Int, _ consequence: RolloutReason.Consequence, _ index: Int
    ) throws(Violation) {
        let service = told.services[index]
        guard let current = service.rollouts.current, current.number == number else {
            throw violation(.rollout, "the rollout of \(service.name) to number \(number) fails, and is not under way")
        }
        let possible = told.consequences(ofFailureOf: index)
        guard possible.contains(consequence) else {
            throw violation(.rollout, "the rollout of \(service.name) has failed, \(consequence), and not: \(possible)")
        }
        switch consequence {
        case .goesBack(let good): told.services[index].rollouts.goesBack = good
        case .standsStill, .nothingToGoBackTo: told.services[index].rollouts.current?.standstill = .failed
        case .goesOn: break
        }
    }

    private mutating func goBack(from failed: Int, to good: Int, _ number: Int, _ index: Int) throws(Violation) {
        let service = told.services[index]
        guard service.rollouts.goesBack == good, let target = service.rollouts.revisions[good] else {
            throw violation(.rollout, "\(service.name) goes back to number \(good)")
        }
        told.services[index].rollouts.goesBack = nil
        told.retarget(index, to: target)
        try start(number, .rolledBack(from: failed), index)
    }

    private mutating func complete(_ number: Int, _ index: Int) throws(Violation) {
        told.settlePlaces(of: index)
        let service = told.services[index]
        guard service.rollouts.current?.number == number else {
            throw violation(
                .rollout, "the rollout of \(service.name) to number \(number) is done, and was not under way")
        }
        for slot in service.wantedReplicas {
            guard told.isAvailable(slot, at: now), told.isOfTarget(told.replicas[slot].revision, index) else {
                throw violation(
                    .rollout, "the rollout of \(service.name) is done, and \(told.replicas[slot].id) is not replaced")
            }
        }
        told.services[index].rollouts.current = nil
        told.services[index].rollouts.former = []
        if service.wanted > 0 { told.services[index].rollouts.note(good: number, isSure: true) }
        told.replaced.insert(service.name)
        // Where all is as it was before, nothing was replaced.
        if service.rollouts.current?.hasBegun == true { told.oweRestarts(to: service.name) }
    }

    // MARK: Steps

    /// The step that it stands at is behind it, or the first, if none has been announced.
    private mutating func promote(_ index: Int) {
        guard var current = told.services[index].rollouts.current else { return }
        let step = current.step?.number ?? 1
        current.step = (current.isPromoted ? step + 1 : step, now)
        current.isPromoted = true
        current.standstill = nil
        told.services[index].rollouts.current = current
    }

    private mutating func beginStep(
        _ number: Int, of count: Int, _ step: RolloutSpec.Step, _ index: Int
    ) throws(Violation) {
        let service = told.services[index]
        guard let current = service.rollouts.current, !current.isWayBack else {
            throw violation(.rollout, "a step of \(service.name) begins, and no rollout with steps is under way")
        }
        guard count == service.spec.rollout.steps.count, service.spec.rollout.steps[number - 1] == step else {
            throw violation(.rollout, "step \(number) of \(count) of \(service.name) begins, which it does not have")
        }
        let begun = (number, now)
        told.services[index].rollouts.current?.step = begun
        told.services[index].rollouts.current?.isPromoted = false
        told.services[index].rollouts.current?.repeatsStep = false
        if case .analysis(let spec) = step {
            let analysis = ToldAnalysis(spec, at: now)
            told.services[index].rollouts.current?.analysis = analysis
        } else {
            told.services[index].rollouts.current?.analysis = nil
        }
    }

    private mutating func beginPause(_ pause: RolloutReason.Pause, _ index: Int) {
        told.settlePlaces(of: index)
        told.services[index].rollouts.current?.standstill = .paused
        guard case .step = pause, let current = told.services[index].rollouts.current else { return }
        // Of a pause the number of its step is not told.
        let steps = told.services[index].spec.rollout.steps
        let former = current.step?.number ?? 0
        let next = steps.indices.first { place in
            if place + 1 > former || current.repeatsStep && place + 1 == former, case .pause = steps[place] {
                true
            } else {
                false
            }
        }
        let begun = (next.map { $0 + 1 } ?? former, now)
        told.services[index].rollouts.current?.step = begun
        told.services[index].rollouts.current?.isPromoted = false
        told.services[index].rollouts.current?.repeatsStep = false
        told.services[index].rollouts.current?.analysis = nil
    }

    // MARK: Analyses

    mutating func measure(_ measurement: Measurement) throws(Violation) {
        let name = measurement.service
        guard let index = told.index(of: name), var analysis = told.services[index].rollouts.current?.analysis else {
            throw violation(.rollout, "\(name) is measured, and no analysis of it goes on")
        }
        if now < analysis.measuredAt.advanced(by: analysis.spec.interval) {
            throw violation(.rollout, "\(name) is measured before the interval is over")
        }
        for id in measurement.instances {
            guard let instance = told.instance(id), told.isOfTarget(instance.revision, index) else {
                throw violation(.rollout, "\(id) is measured, which is not of the revision that comes")
            }
        }
        analysis.ask(measurement.run, at: now)
        told.services[index].rollouts.current?.analysis = analysis
    }

    private mutating func take(_ verdict: MeasurementRecord.Verdict, _ index: Int) throws(Violation) {
        guard told.services[index].rollouts.verdicts.first == verdict else {
            throw violation(.rollout, "a measurement of \(told.services[index].name) counts as \(verdict.rawValue)")
        }
        told.services[index].rollouts.verdicts.removeFirst()
    }

    // MARK: Between two steps

    /// What had to follow in this step has followed.
    mutating func checkRollouts() throws(Violation) {
        told.replaced.removeAll()
        for index in told.services.indices {
            let service = told.services[index]
            let (name, rollouts) = (service.name, service.rollouts)
            if let good = rollouts.goesBack {
                throw violation(.rollout, "\(name) does not go back to number \(good)")
            }
            if let turn = rollouts.turn {
                throw violation(.rollout, "\(name) becomes \(turn.spec.revision), and nobody asked for it")
            }
            if let cause = rollouts.expected, service.isDesired, !service.isGoingDown {
                throw violation(.rollout, "no rollout of \(name) begins: \(cause)")
            }
            if let other = rollouts.owed.first {
                throw violation(.rollout, "\(name) is not restarted, though \(other) was replaced")
            }
            told.services[index].rollouts.expected = nil
            told.services[index].rollouts.allowed = nil
            told.services[index].rollouts.verdicts = []
            try checkTakenOver(index)
            told.settlePlaces(of: index)
            told.noteProof(of: index)
            told.noteExcess(of: index)
        }
    }
}

extension Told {
    /// The service was replaced: what runs and is to be restarted then is, unless it is about to be replaced anyway.
    fileprivate mutating func oweRestarts(to name: ServiceName) {
        for index in services.indices {
            let service = services[index]
            guard service.isListed, service.isDesired, !service.isGoingDown, !service.isScheduled, hasInstance(index),
                service.spec.dependencies.contains(where: { $0.service == name && $0.restart })
            else { continue }
            if let current = service.rollouts.current, !current.hasBegun, current.standstill != .failed { continue }
            services[index].rollouts.owed.insert(name)
        }
    }

    /// The service was replaced without a rollout, and is available again.
    fileprivate mutating func isReplacedAtOnce(_ name: ServiceName) -> Bool {
        guard let index = index(of: name) else { return false }
        noteProof(of: index)
        return services[index].rollouts.isReplacedAtOnce
            && services[index].rollouts.maybeGood.contains(services[index].rollouts.lastNumber)
    }
}
