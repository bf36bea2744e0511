public import StackModel

/// One wanted slot of a service as its autoscaler sees it; what Kubernetes calls a pod.
public struct LoadSlot: Hashable, Sendable {
    public enum State: Hashable, Sendable {
        /// It waits for something, or its process is not made yet.
        case pending
        case running(Life)
        /// Its last instance has failed, and the next is to come.
        case restarting
        /// It has failed for good, or done what it was for.
        case ended
    }

    /// That of its instance.
    public struct Life: Hashable, Sendable {
        public var started: Instant
        public var isReady: Bool
        /// When it became ready, or ceased to be.
        public var since: Instant

        public init(started: Instant, isReady: Bool, since: Instant) {
            self.started = started
            self.isReady = isReady
            self.since = since
        }
    }

    /// The index of its replica.
    public var index: Int
    public var state: State
    /// Its own instance first, then what stands beside it: that is no slot of its own, but what it does is load of this one.
    public var instances: [InstanceID]

    public init(index: Int, state: State, instances: [InstanceID] = []) {
        self.index = index
        self.state = state
        self.instances = instances
    }

    public var isReady: Bool {
        if case .running(let life) = state { life.isReady } else { false }
    }
}
