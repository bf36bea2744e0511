import StackModel

/// What changes for an instance while it runs.
extension InstanceMachine {
    /// That revision counts from now on; it differs in nothing that a process is made from. What is ending is left to end.
    mutating func adopt(_ revision: ServiceRevision, in context: inout Context) {
        guard !isEnding, revision !== self.revision else { return }
        let former = spec
        self.revision = revision
        context.perform(.adopt(id, revision))
        if former.secrets != spec.secrets, case .signal(let signal) = spec.onSecretChange {
            tellOfSecrets(by: signal, in: &context)
        }
        if former.startTimeout != spec.startTimeout { fitStartTimeout(in: &context) }
        if former.probes != spec.probes { adoptProbes(of: former, in: &context) }
        if former.routes != spec.routes {
            if rotation == .inside, isReady, !spec.routes.isEmpty { context.perform(.enterRotation(id)) }
            fitRotation(in: &context)
        }
    }

    private mutating func tellOfSecrets(by signal: Signal, in context: inout Context) {
        guard pid != nil else { return }
        publish(.secretsChanged(signal), in: &context)
        context.perform(.signal(id, signal, .mainProcess))
    }

    private mutating func fitStartTimeout(in context: inout Context) {
        guard case .starting(let process) = state else { return }
        context.deadlines[slots.phase] = spec.startTimeout.map { process.spawnedAt.advanced(by: $0) }
    }

    private mutating func adoptProbes(of former: ServiceSpec, in context: inout Context) {
        let before = isReady
        var isStarting = false
        if case .starting = state { isStarting = true }
        let (next, id, slots) = (spec.probes, id, slots)
        changeProcess(in: &context) { process, context in
            let former = [process.startup, process.readiness, process.liveness].compactMap(\.?.number).max() ?? 0
            process.formerRuns = max(process.formerRuns, former)
            let runs = process.formerRuns
            if isStarting {
                process.startup.adopt(next.startup, as: .startup, of: id, slots, after: runs, in: &context)
                process.startupHasPassed = process.startupHasPassed || next.startup.isNilOrNotify
                // What it has not begun with does not hold until it is seen.
                process.readinessHolds = next.readiness.isNilOrNotify
            } else if next.readiness.isNilOrNotify {
                process.readinessHolds = true
            }
            process.readiness.adopt(next.readiness, as: .readiness, of: id, slots, after: runs, in: &context)
            process.liveness.adopt(next.liveness, as: .liveness, of: id, slots, after: runs, in: &context)
            let began = process.spawnedAt
            if isStarting {
                if !process.startupHasPassed { process.startup?.begin(spawnedAt: began, in: &context) }
            } else {
                process.readiness?.begin(spawnedAt: began, in: &context)
                process.liveness?.begin(spawnedAt: began, in: &context)
            }
        }
        proceedIfStarted(in: &context)
        noteReadiness(before: before, why: nil, in: &context)
    }
}

extension Optional<ProbeMachine> {
    /// Has the probe be that of the spec: one that asks the same goes on, any other begins afresh once it is begun.
    fileprivate mutating func adopt(
        _ spec: ProbeSpec?, as role: ProbeRole, of instance: InstanceID, _ slots: DeadlineSlots, after runs: UInt32,
        in context: inout Context
    ) {
        guard let spec, spec.handler != .notify else {
            self?.end(in: &context)
            return self = nil
        }
        if self == nil {
            self = ProbeMachine(role: role, spec: spec, instance: instance, slot: slots.probe(role), after: runs)
        }
        self?.adopt(spec, in: &context)
    }
}
