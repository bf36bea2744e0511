import ControlProtocol
import StackModel
import SupervisorCore

/// What was asked of a service and measured of it over time, for a replay.
struct LoadTrace: Hashable, Sendable {
    /// What is so from its time on until that of the next row.
    struct Row: Hashable, Sendable {
        /// Since the first row.
        var time: Duration
        /// Nil where nobody knows.
        var load: Double?
        /// For each metric, in its unit as `LoadReport` has it, but on average of a replica where its target is that;
        /// nil where it is dead.
        var readings: [Int?]
        var ready: Int?
        var host = HostRoom()
    }

    /// When the first row was, where its time is one of the calendar.
    var origin: Timestamp?
    /// At least one.
    var rows: [Row]
    var columns: Set<TraceColumn>

    /// How long it is.
    var duration: Duration { rows.last?.time ?? .zero }

    /// A time of the trace as it is written there: `2026-11-23T09:00:05Z`, else `1h5s` since the first row.
    func text(of time: Duration) -> String {
        guard let origin else { return time.text }
        let moment = Timestamp(milliseconds: origin.milliseconds + time.wholeNanoseconds / 1_000_000).description
        return moment.hasSuffix(".000Z") ? moment.dropLast(".000Z".count) + "Z" : moment
    }
}
