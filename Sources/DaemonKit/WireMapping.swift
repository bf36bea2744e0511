import ControlProtocol
import StackModel
import SupervisorCore

/// From what the core says of itself to what the control API says.
struct WireMapping {
    let clock: Clock

    init(_ clock: Clock) {
        self.clock = clock
    }

    /// `next`: when the next run of a scheduled service is due.
    func document(_ service: ServiceSnapshot, next: Timestamp?) -> ServiceDocument {
        ServiceDocument(
            name: service.name.text, desired: ServiceDocument.Desired(service.desired), ready: service.isAsDesired,
            revision: service.revision.text,
            dependencies: service.dependencies.map {
                ServiceDocument.Dependency(service: $0.service.text, condition: $0.condition.rawValue)
            },
            scale: service.wantedReplicas, scaling: document(service.scaling), replicas: service.replicas.map(document),
            schedule: service.schedule.map { schedule in
                ScheduleDocument(
                    trigger: schedule.trigger.description, next: next, runs: service.runs.map(document))
            }, rollout: service.rollout.map(document), history: service.history.map(document))
    }

    private func document(_ run: JobRun) -> ScheduleDocument.Run {
        let (outcome, reason) = ScheduleDocument.Run.Outcome.describing(run.outcome)
        return ScheduleDocument.Run(
            origin: ScheduleDocument.Run.Origin(run.origin), due: clock.time(of: run.due),
            ended: run.ended.map { clock.time(of: $0) }, outcome: outcome, reason: reason)
    }

    func document(_ replica: ReplicaSnapshot) -> ReplicaDocument {
        ReplicaDocument(
            service: replica.id.service.text, replica: replica.id.index, wanted: replica.isWanted,
            state: ReplicaDocument.State(replica.state), ready: replica.isReady, pid: replica.pid,
            instance: replica.instance?.serial, restarts: replica.restarts, revision: replica.revision.text,
            since: clock.time(of: replica.since), reason: replica.reason, status: replica.status,
            lastExit: replica.lastExit.map { ExitDocument($0.status, at: clock.time(of: $0.time)) })
    }
}

extension ScheduleDocument.Run.Origin {
    init(_ origin: JobRun.Origin) {
        self =
            switch origin {
            case .schedule: .schedule
            case .stackStart: .stackStart
            case .request: .request
            }
    }
}

extension ScheduleDocument.Run.Outcome {
    fileprivate static func describing(_ outcome: JobRun.Outcome?) -> (Self, reason: String?) {
        switch outcome {
        case nil: (.running, nil)
        case .succeeded: (.succeeded, nil)
        case .failed(let reason): (.failed, reason)
        case .stopped: (.stopped, nil)
        case .skipped(let reason): (.skipped, reason)
        }
    }
}

extension ExitDocument {
    init(_ status: ExitStatus, at time: Timestamp) {
        switch status {
        case .exited(let code): self.init(code: code, signal: nil, time: time)
        case .signalled(let signal, _): self.init(code: nil, signal: signal.description, time: time)
        case .unknown: self.init(code: nil, signal: nil, time: time)
        }
    }
}

extension ServiceDocument.Desired {
    init(_ desired: DesiredState) {
        self =
            switch desired {
            case .running: .running
            case .stopped: .stopped
            }
    }
}

extension ReplicaDocument.State {
    init(_ phase: ReplicaPhase) {
        self =
            switch phase {
            case .stopped: .stopped
            case .scheduled: .scheduled
            case .waiting: .waiting
            case .backoff: .backoff
            case .starting: .starting
            case .running: .running
            case .stopping: .stopping
            case .completed: .completed
            case .failed: .failed
            }
    }
}

extension EventDocument {
    init(_ event: StackEvent, at time: Timestamp) {
        var replica: Int?
        var instance: UInt64?
        switch event.subject {
        case .stack, .service: break
        case .replica(let id): replica = id.index
        case .instance(let serial, let id):
            replica = id.index
            instance = serial.serial
        }
        self.init(
            id: event.id.number, time: time, subject: event.subject.description,
            service: event.subject.service?.text, replica: replica, instance: instance, code: event.reason.code,
            text: event.reason.description, cause: event.cause?.number)
    }
}
