import StackModel

/// How much longer systemd is asked to wait for a start or a stop (EXTEND_TIMEOUT_USEC).
///
/// Whenever a service gets where it should be for the first time, systemd is promised another such progress within the
/// longest time that a service which is not there yet may take by its own limits. systemd only ever moves its timeout
/// back by that, so one message a progress is enough. Each service makes progress once: a crash loop, or a service
/// without a limit that never gets ready, runs into the promise that stands, or into the unit's own timeout where that
/// is later.
struct SystemdTimeout: Sendable {
    /// One service on its way.
    struct Step: Hashable, Sendable {
        var service: String
        var isDone: Bool
        /// How long it may take; nil is without limit, which promises nothing.
        var limit: Duration?
    }

    /// For what lies between the limits: making processes, the last probe's answer, a kill.
    static let margin = Duration.seconds(5)

    private var done: Set<String> = []
    private var lastProgress: Instant?
    private var promised: Instant?

    /// How long systemd is to wait from now on; nil where what it was told before still holds.
    mutating func extend(for steps: [Step], at now: Instant) -> Duration? {
        let isFirst = lastProgress == nil
        let newlyDone = steps.filter { $0.isDone && !done.contains($0.service) }
        done.formUnion(newlyDone.map(\.service))
        let start = isFirst || !newlyDone.isEmpty ? now : lastProgress ?? now
        lastProgress = start
        guard let longest = steps.filter({ !done.contains($0.service) }).compactMap(\.limit).max() else { return nil }
        let moment = start.advanced(by: longest + Self.margin)
        guard promised.map({ moment > $0 }) ?? true, moment > now else { return nil }
        promised = moment
        return now.duration(to: moment)
    }
}
