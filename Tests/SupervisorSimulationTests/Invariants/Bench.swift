import StackModel
import SupervisorCore
import Testing

@testable import SupervisorSimulation

/// A judge with a hand on both sides: what the core is told, and what it is made to answer.
struct Bench {
    var judge: Judge
    private var lastEvent: UInt64 = 0
    private var revisions: [ServiceName: ServiceRevision] = [:]

    init(_ services: ServiceSpec..., later: [StackSpec] = [], beginning: Beginning = Beginning()) {
        let stack = StackSpec(name: "bench", directory: "/", services: services)
        judge = Judge(Universe([stack] + later, scales: services.map { ($0.name, 4) }), beginning)
        for service in services { revisions[service.name] = ServiceRevision(service) }
    }

    /// The core is told an event at a time in seconds, and answers.
    mutating func tell(
        _ event: Event, at seconds: Double = 0, _ effects: [Effect] = [], nextDeadline: Instant? = nil
    ) throws(Violation) {
        try judge.take(event, at: .at(seconds))
        try judge.take(stamped(effects), nextDeadline: nextDeadline)
    }

    /// What the core does when the stack starts.
    mutating func start(_ effects: [Effect]) throws(Violation) {
        try judge.take(stamped(effects), nextDeadline: nil)
    }

    /// With their events numbered and dated.
    private mutating func stamped(_ effects: [Effect]) -> [Effect] {
        effects.map { effect in
            guard case .publish(var event) = effect else { return effect }
            lastEvent += 1
            event.id = EventID(number: lastEvent)
            event.time = judge.now
            return .publish(event)
        }
    }

    /// `spec`: what it is made of, where that is not the first stack's.
    func make(_ id: UInt64, _ replica: ReplicaID, _ spec: ServiceSpec? = nil) -> [Effect] {
        guard let revision = spec.map({ ServiceRevision($0) }) ?? revisions[replica.service] else { return [] }
        return [.record(.creating(.number(id), replica, Revision(""))), .spawn(.number(id), replica, revision)]
    }

    func finish(_ id: UInt64) -> [Effect] {
        [.release(.number(id)), .record(.ended(.number(id)))]
    }

    /// An instance that runs, made at once when the stack starts.
    mutating func run(_ id: UInt64, _ replica: ReplicaID) throws(Violation) {
        try start(make(id, replica))
        try tell(.spawned(.number(id), pid: 100))
    }
}

extension Effect {
    /// An event that the bench numbers and dates.
    static func publish(_ reason: Reason, about subject: Subject) -> Effect {
        .publish(StackEvent(id: EventID(number: 0), time: .origin, subject: subject, reason: reason))
    }
}

/// The invariant that the calls break; nil where they break none.
func brokenInvariant(_ calls: () throws(Violation) -> Void) -> Invariant? {
    do {
        try calls()
        return nil
    } catch {
        return error.invariant
    }
}

extension Instant {
    static func at(_ seconds: Double) -> Instant {
        .origin.advanced(by: .seconds(seconds))
    }
}

extension InstanceID {
    static func number(_ serial: UInt64) -> InstanceID { InstanceID(serial: serial) }
}

extension ReplicaID {
    static func of(_ service: ServiceSpec, _ index: Int = 0) -> ReplicaID {
        ReplicaID(service: service.name, index: index)
    }
}

extension Subject {
    static func instance(_ id: UInt64, _ service: ServiceSpec) -> Subject {
        .instance(.number(id), of: .of(service))
    }
}

/// A service with what a test names, and nothing else.
func service(
    _ name: String, dependsOn dependencies: [(ServiceSpec, DependencySpec.Condition)] = [], replicas: Int = 1,
    notify: Bool = false, probes: ProbeSet = ProbeSet(), listeners: [ListenerSpec] = [],
    restart: RestartSpec = RestartSpec(), stop: StopSpec = StopSpec(), revision: String = "",
    schedule: ScheduleSpec? = nil, routes: [RouteSpec] = [], rollout: RolloutSpec = RolloutSpec()
) throws -> ServiceSpec {
    ServiceSpec(
        name: try #require(ServiceName(name)), revision: Revision(revision),
        process: ProcessSpec(command: ["program", Template(revision)]), replicas: replicas,
        dependencies: dependencies.map { DependencySpec(service: $0.0.name, condition: $0.1) }, listeners: listeners,
        notify: notify, probes: probes, restart: restart, stop: stop, schedule: schedule, routes: routes,
        rollout: rollout)
}
