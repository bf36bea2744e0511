public import StackModel

/// A decision or an observation, with its reason and its cause, as `stackctl events` and `stackctl explain` show it.
public struct StackEvent: Hashable, Sendable {
    public var id: EventID
    public var time: Instant
    public var subject: Subject
    public var reason: Reason
    /// The event that led to this one.
    public var cause: EventID?

    public init(id: EventID, time: Instant, subject: Subject, reason: Reason, cause: EventID? = nil) {
        self.id = id
        self.time = time
        self.subject = subject
        self.reason = reason
        self.cause = cause
    }
}

/// A position in the stack's one sequence of events.
public struct EventID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public var number: UInt64

    public init(number: UInt64) {
        self.number = number
    }

    public var description: String { String(number) }

    public static func < (left: EventID, right: EventID) -> Bool { left.number < right.number }
}

/// What an event is about.
public enum Subject: Hashable, Sendable, CustomStringConvertible {
    case stack
    case service(ServiceName)
    case replica(ReplicaID)
    case instance(InstanceID, of: ReplicaID)

    public var description: String {
        switch self {
        case .stack: "stack"
        case .service(let name): name.text
        case .replica(let replica): replica.description
        case .instance(let instance, let replica): "\(replica) \(instance)"
        }
    }

    public var service: ServiceName? {
        switch self {
        case .stack: nil
        case .service(let name): name
        case .replica(let replica), .instance(_, let replica): replica.service
        }
    }
}
