import ControlProtocol
import StackModel
import SupervisorCore

/// From what the core says of itself to what the control API says.
struct WireMapping {
    private let clock: Clock

    init(_ clock: Clock) {
        self.clock = clock
    }

    func document(_ service: ServiceSnapshot) -> ServiceDocument {
        ServiceDocument(
            name: service.name.text, desired: ServiceDocument.Desired(service.desired), ready: service.isAsDesired,
            revision: service.revision.text,
            dependencies: service.dependencies.map {
                ServiceDocument.Dependency(service: $0.service.text, condition: $0.condition.rawValue)
            },
            replicas: service.replicas.map(document))
    }

    private func document(_ replica: ReplicaSnapshot) -> ReplicaDocument {
        ReplicaDocument(
            service: replica.id.service.text, replica: replica.id.index,
            state: ReplicaDocument.State(replica.state), ready: replica.isReady, pid: replica.pid,
            instance: replica.instance?.serial, restarts: replica.restarts, revision: replica.revision.text,
            since: clock.time(of: replica.since), reason: replica.reason, status: replica.status)
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
