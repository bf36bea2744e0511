import Synchronization

/// Whether a client has been heard of since it was last asked.
final class Liveness: Sendable {
    private let flag = Atomic(true)

    func heard() {
        flag.store(true, ordering: .relaxed)
    }

    /// Whether it was heard since the last call of this.
    func wasHeard() -> Bool {
        flag.exchange(false, ordering: .relaxed)
    }
}
