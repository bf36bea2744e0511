import StackModel
import SupervisorCore

/// What must hold between two steps: nothing that is due is put off, once the core was told that its time has come.
extension Judge {
    func checkSettled() throws(Violation) {
        for service in told.services.indices {
            let mayStart = told.mayStart(service)
            let mustEnd = told.services[service].isGoingDown && !isHeld(service)
            for position in told.services[service].replicas {
                let objection = told.replicas[position].objection(
                    mayStart: mayStart, mustEnd: mustEnd, served: told.servedUntil)
                if let objection {
                    throw violation(objection.invariant, "\(told.replicas[position].id) \(objection.detail)")
                }
            }
        }
    }

    /// Dependents that go down too have instances still.
    private func isHeld(_ service: Int) -> Bool {
        guard !told.isImmediate else { return false }
        return told.services[service].dependents.contains {
            told.services[$0].isGoingDown && told.hasInstance($0)
        }
    }

    /// What the core shows of itself is what it was told.
    func check(_ snapshot: StackSnapshot) throws(Violation) {
        for service in snapshot.services {
            let isBlocked = told.index(of: service.name).map { told.isBlocked($0) } ?? false
            for replica in service.replicas {
                guard let position = told.position(of: replica.id) else { continue }
                if told.hasFailed(position, isBlocked: isBlocked), replica.state != .failed {
                    throw violation(.readiness, "\(replica.id) has failed or never can start, and is \(replica.state)")
                }
                let instance = told.replicas[position].instance
                if replica.state == .stopped || replica.state == .completed || replica.state == .failed, let instance {
                    throw violation(.nothingLeft, "\(replica.id) is \(replica.state), and \(instance.id) is there")
                }
                if replica.isReady != (instance?.isReady == true) {
                    throw violation(.readiness, "\(replica.id) is shown as \(replica.isReady ? "" : "not ")ready")
                }
                if replica.instance != instance?.id {
                    throw violation(.readiness, "\(replica.id) is shown with another instance than it has")
                }
            }
        }
    }
}

extension Judge {
    /// Whoever asks why a replica is as it is gets an answer, made of events that were published.
    func check(_ explanation: [StackEvent], of replica: ReplicaSnapshot) throws(Violation) {
        if explanation.isEmpty, replica.state != .stopped {
            throw violation(.causality, "\(replica.id) is \(replica.state), and nothing explains it")
        }
        for event in explanation where event.id.number == 0 || event.id.number > lastEvent {
            throw violation(.causality, "\(replica.id) is explained by event \(event.id), which never was")
        }
    }
}

/// What is wrong with something, and what it breaks.
struct Objection {
    var invariant: Invariant
    var detail: String

    init(_ invariant: Invariant, _ detail: String) {
        self.invariant = invariant
        self.detail = detail
    }
}

extension Told {
    /// Nothing keeps an instance of the service from being made.
    fileprivate func mayStart(_ service: Int) -> Bool {
        services[service].isDesired && !services[service].isGoingDown && services[service].listeners == .open
            && unmetDependency(of: service) == nil
    }
}

extension Told.Replica {
    fileprivate func objection(mayStart: Bool, mustEnd: Bool, served: Instant) -> Objection? {
        if instance != nil { return instance?.objection(mustEnd: mustEnd, served: served) }
        guard mayStart, !hasCompleted, !restarts.isGivenUp else { return nil }
        if let dueAt = restarts.dueAt, dueAt >= served { return nil }
        return Objection(.promptness, "is wanted, and nothing keeps it from being started")
    }
}

extension ToldInstance {
    fileprivate func objection(mustEnd: Bool, served: Instant) -> Objection? {
        switch process {
        case .gone: return Objection(.lifecycle, "has \(id), which is gone and not released")
        case .spawning, .leaving: return nil
        case .running: break
        }
        guard stopCause == nil else { return nil }
        if hasFailedStartup || hasFailedLiveness || hasReportedBroken {
            return Objection(.lifecycle, "has \(id), which has failed its probe or says so, and is not ended")
        }
        if !hasStarted, let startLimit, startLimit < served {
            return Objection(.lifecycle, "has \(id), which has not started in time, and is not ended")
        }
        if let watchdogLimit, watchdogLimit < served {
            return Objection(.lifecycle, "has \(id), which has been silent for too long, and is not ended")
        }
        if startup.isOverdue(at: served) || readiness.isOverdue(at: served) || liveness.isOverdue(at: served) {
            return Objection(.probes, "has \(id), which has a run past its timeout")
        }
        return mustEnd
            ? Objection(.promptness, "has \(id), which nothing keeps from being stopped, as it should be") : nil
    }
}
