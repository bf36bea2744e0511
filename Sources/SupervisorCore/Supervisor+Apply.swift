import StackModel

/// Running another stack instead of this one.
extension Supervisor {
    /// Carries out exactly what `plan` says. What an earlier one has under way is taken over from where it stands.
    /// `atOnce`: nothing is rolled out.
    mutating func apply(_ stack: StackSpec, atOnce: Bool) {
        guard !isShuttingDown else { return }
        let changes = plan(for: stack).map { change in
            atOnce && change.kind == .rolling ? ServiceChange(service: change.service, kind: .restart) : change
        }
        let event = context.publish(.stackApplied(AppliedChanges(changes)), about: .stack, cause: nil).id
        let specs = Dictionary(stack.services.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let new = changes.filter { $0.kind == .start && !hasService($0.service) }.map(\.service)
        // All have their positions before any is tied to another.
        for name in new { specs[name].map { list($0) } }
        for change in changes where change.kind != .none {
            guard let index = index(of: change.service) else { continue }
            if let spec = specs[change.service] {
                take(spec, for: index, change.kind, causedBy: event)
            } else {
                remove(index, causedBy: event)
            }
        }
        let changed = changes.filter { $0.kind == .restart || $0.kind == .rolling }.map(\.service)
        start(
            changes.filter { $0.kind == .start }.map(\.service), new: indices(of: new),
            neededBy: indices(of: new + changed), causedBy: event)
    }

    /// A service that is new in the file has a position; one that is back while it still stops has its own.
    private mutating func list(_ spec: ServiceSpec) {
        let index = index(of: spec.name) ?? admit(spec)
        services[index].membership = .listed
        services[index].scale = nil
        services[index].scaling = nil
        fitReplicas(of: index)
    }

    /// The spec counts from now on.
    private mutating func take(
        _ spec: ServiceSpec, for index: Int, _ kind: ServiceChange.Kind, causedBy cause: EventID
    ) {
        let (before, wanted) = (services[index].spec, services[index].wantedReplicas)
        if let schedule = spec.schedule { services[index].runs.keep(schedule.history) }
        let target = ServiceRevision(spec, epoch: services[index].revision.epoch)
        let scale = scale(of: index, becoming: target)
        if scale != services[index].scale {
            services[index].scale = scale
            context.perform(.record(.scaled(spec.name, scale)))
        }
        if before.autoscale != spec.autoscale {
            services[index].scaling?.forgetQuestions()
            context.deadlines[DeadlineSlots(of: index)[.load]] = nil
        }
        var event = cause
        if before.withReplicas(of: spec) != spec {
            event = context.publish(.serviceChanged(spec.revision), about: .service(spec.name), cause: cause).id
        }
        switch kind {
        case .rolling where services[index].descent == nil:
            beginRollout(of: index, Transition(target: target, cause: .changed, event: event))
        case .rolling, .restart:
            _ = count(target, of: index, because: .changed)
            restart(index, causedBy: event)
        case .live where services[index].desired == .running:
            takeLive(target, of: index)
        case .none, .live, .start, .stop:
            // It counts from its next start on; what is running and not like it is to be brought down first.
            let isSame = services[index].revision.makesSame(as: target)
            if isSame, services[index].history.current?.revision === services[index].revision {
                services[index].history.replaceCurrent(by: target)
            }
            services[index].revision = target
            linkDependencies(of: index)
            unsettle(index)
            if kind == .start, !isSame, hasInstance(index) { restart(index, causedBy: event) }
        }
        if services[index].listeners == .closed { openListeners(of: index) }
        if wanted != services[index].wantedReplicas {
            noteScale(of: index, .scaled(from: wanted, to: services[index].wantedReplicas), causedBy: cause)
        }
    }

    /// Who says how many replicas there are from then on: what the file says of that counts where it says something new.
    /// Of what is scaled by its load it says only where that begins: what runs is for the autoscaler to change.
    private func scale(of index: Int, becoming target: ServiceRevision) -> Scale? {
        let service = services[index]
        let isNew = service.spec.replicas != target.spec.replicas
        guard target.isAutoscaled else { return isNew || service.scale?.rule == .autoscaler ? nil : service.scale }
        guard isNew else { return service.scale }
        let runs = service.desired == .running && service.descent == nil && service.wantedReplicas > 0
        return runs ? service.scale ?? Scale(service.wantedReplicas, by: .autoscaler) : nil
    }

    /// Instances of the revision that counted go on with what counts now.
    private mutating func takeLive(_ target: ServiceRevision, of index: Int) {
        let former = services[index].revision
        services[index].revision = target
        // One that is about to start counts, and comes into the history, only then.
        if services[index].history.current?.revision === former {
            services[index].history.replaceCurrent(by: target)
            keepRevisions(of: index)
        }
        linkDependencies(of: index)
        adopt(target, of: index)
        unsettle(index)
    }

    private mutating func restart(_ index: Int, causedBy event: EventID) {
        services[index].desired = .running
        services[index].isReplacedAtOnce = services[index].isReplacedAtOnce || hasInstance(index)
        descend(
            index,
            Service.Descent(cause: .specChanged, event: event, isRestart: true, run: runOfStart(index)))
    }

    private mutating func start(_ names: [ServiceName], new: [Int], neededBy others: [Int], causedBy cause: EventID) {
        for name in names {
            guard let index = listedIndex(of: name) else { continue }
            let reason = new.contains(index) ? .serviceAdded : startRequired(of: index, by: others)
            let event = context.publish(reason, about: .service(name), cause: cause).id
            context.perform(.record(.desired(name, .running)))
            ascend(index, again: true, run: runOfStart(index), causedBy: event)
        }
    }

    private mutating func remove(_ index: Int, causedBy cause: EventID) {
        let name = services[index].name
        let event = context.publish(.serviceRemoved, about: .service(name), cause: cause).id
        services[index].membership = .leaving
        services[index].desired = .stopped
        context.perform(.record(.removed(name)))
        descend(index, Service.Descent(cause: .removed, event: event, isRestart: false))
    }

    /// Nothing of a service that is gone from the file runs any more: it leaves nothing behind.
    mutating func vanish(_ index: Int) {
        closeListeners(of: index)
        if services[index].history.current != nil {
            services[index].history = RevisionHistory()
            keepRevisions(of: index)
        }
        guard services[index].unansweredOpenings == 0, !hasDependentInstance(index) else { return }
        context.publish(.serviceGone, about: .service(services[index].name), cause: services[index].descent?.event)
        unsettle(index)
        removeEdges(of: index)
        for position in services[index].rows { vacate(replica: position) }
        vacate(index)
    }
}

extension ServiceSpec {
    fileprivate func withReplicas(of other: ServiceSpec) -> ServiceSpec {
        var spec = self
        spec.replicas = other.replicas
        return spec
    }
}
