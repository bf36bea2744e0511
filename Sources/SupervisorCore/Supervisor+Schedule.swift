import StackModel

/// The runs of scheduled services.
extension Supervisor {
    mutating func scheduleDue(_ name: ServiceName) {
        guard !isShuttingDown, let index = listedIndex(of: name), services[index].desired == .running else { return }
        admitRun(of: index, .schedule, causedBy: nil)
    }

    /// What a start of the service begins with, where that is more than to wait for its schedule.
    func runOfStart(_ index: Int) -> JobRun.Origin? {
        services[index].spec.schedule?.runsOnStart == true ? .stackStart : nil
    }

    /// A run is due: it begins, or its schedule says what becomes of it while another is under way.
    mutating func admitRun(of index: Int, _ origin: JobRun.Origin, causedBy cause: EventID?) {
        guard let schedule = services[index].spec.schedule else { return }
        let run = JobRun(origin: origin, due: context.now)
        let subject = Subject.service(services[index].name)
        let admission =
            obstacleToRun(of: index).map { services[index].runs.skip(run, $0, keeping: schedule.history) }
            ?? services[index].runs.admit(run, by: schedule)
        switch admission {
        case .begins: beginRun(of: index, run, causedBy: cause)
        case .waits: context.publish(.runQueued, about: subject, cause: cause)
        case .isSkipped(let why): context.publish(.runSkipped(why), about: subject, cause: cause)
        case .replaces(let another):
            if another { context.publish(.runSuperseded, about: subject, cause: cause) }
            let event = context.publish(.runReplaces, about: subject, cause: cause).id
            for position in services[index].replicas where !replicas[position].isAtRest {
                changeReplica(position) { $0.stop(.runReplaced, causedBy: event, in: &$1) }
            }
            unsettle(index)
        }
    }

    private func obstacleToRun(of index: Int) -> String? {
        let service = services[index]
        if service.wantedReplicas == 0 { return "it is scaled to no replica" }
        // What goes down then is of the time before it had a schedule.
        return service.descent != nil && service.runs.current == nil ? "the service is restarted" : nil
    }

    mutating func beginRun(of index: Int, _ run: JobRun, causedBy cause: EventID?) {
        let event = context.publish(.runBegins(run.origin), about: .service(services[index].name), cause: cause).id
        for position in wantedReplicas(of: index) {
            changeReplica(position) { $0.want(again: true, causedBy: event, in: &$1) }
        }
        unsettle(index)
    }

    /// Ends the run under way when no replica has anything left to do for it, and begins the one that waits for that.
    mutating func concludeRun(of index: Int) {
        guard services[index].runs.current != nil, services[index].replicas.allSatisfy({ replicas[$0].isAtRest })
        else { return }
        let service = services[index]
        let outcome = outcomeOfRun(of: index)
        let last = service.replicas.last.flatMap { replicas[$0].lastEvent?.id }
        services[index].runs.conclude(outcome, at: context.now, keeping: service.spec.schedule?.history ?? 0)
        let event = context.publish(.runEnded(outcome), about: .service(service.name), cause: last).id
        unsettle(index)
        guard service.descent == nil else { return }
        if let next = services[index].runs.current {
            beginRun(of: index, next, causedBy: event)
        } else {
            for position in wantedReplicas(of: index) { want(position, of: index, again: false, causedBy: event) }
        }
    }

    private func outcomeOfRun(of index: Int) -> JobRun.Outcome {
        let service = services[index]
        let isCutShort = service.descent != nil || service.runs.isReplacing
        if !isCutShort, let failed = service.replicas.first(where: { replicas[$0].hasFailed }) {
            return .failed(reason(of: replicas[failed]))
        }
        let haveCompleted = wantedReplicas(of: index).allSatisfy { replicas[$0].hasCompleted }
        return !isCutShort && haveCompleted && service.wantedReplicas > 0 ? .succeeded : .stopped
    }

    mutating func dropQueuedRun(of index: Int) {
        services[index].runs.dropQueued(at: context.now, keeping: services[index].spec.schedule?.history ?? 0)
    }
}
