/// A point on the monotonic clock, as the time since an arbitrary origin (on Linux: CLOCK_MONOTONIC, since boot).
///
/// The core only ever compares and advances instants; what the wall clock says is no business of it.
public struct Instant: InstantProtocol, Hashable, Sendable {
    public var sinceOrigin: Duration

    public init(sinceOrigin: Duration) {
        self.sinceOrigin = sinceOrigin
    }

    public static let origin = Instant(sinceOrigin: .zero)

    public func advanced(by duration: Duration) -> Instant {
        Instant(sinceOrigin: sinceOrigin + duration)
    }

    public func duration(to other: Instant) -> Duration {
        other.sinceOrigin - sinceOrigin
    }

    public static func < (left: Instant, right: Instant) -> Bool {
        left.sinceOrigin < right.sinceOrigin
    }
}
