public import StackModel

/// What applying a stack means for one service.
public struct ServiceChange: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// The spec is the same: it is not touched.
        case none
        /// What changed needs no restart, or it is stopped and stays so.
        case live
        /// Its instances are replaced by a rollout.
        case rolling
        /// Its instances are stopped, then started from the new spec: it is scheduled, or somebody is impatient.
        case restart
        /// It is new in the file, or stopped and needed by what is new there, and starts.
        case start
        /// It is gone from the file, and stops.
        case stop
    }

    public var service: ServiceName
    public var kind: Kind

    public init(service: ServiceName, kind: Kind) {
        self.service = service
        self.kind = kind
    }
}
