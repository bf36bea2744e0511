/// When a service runs by itself, and how its runs went.
public struct ScheduleDocument: Hashable, Codable, Sendable {
    public struct Run: Hashable, Codable, Sendable {
        public enum Origin: String, Hashable, Codable, Sendable, CaseIterable {
            case schedule
            /// `run_on_start`.
            case stackStart = "stack_start"
            /// Somebody asked for it.
            case request
        }

        public enum Outcome: String, Hashable, Codable, Sendable, CaseIterable {
            /// It goes on.
            case running
            case succeeded, failed, stopped
            /// It never began.
            case skipped
        }

        public var origin: Origin
        public var due: Timestamp
        public var ended: Timestamp?
        public var outcome: Outcome
        /// Why it failed or was skipped.
        public var reason: String?

        public init(origin: Origin, due: Timestamp, ended: Timestamp?, outcome: Outcome, reason: String?) {
            self.origin = origin
            self.due = due
            self.ended = ended
            self.outcome = outcome
            self.reason = reason
        }
    }

    /// As the file says it: `0 3 * * * Europe/Zurich`, `every 15m`.
    public var trigger: String
    /// Nil where no further run will be due: the service is stopped, or the expression matches no day.
    public var next: Timestamp?
    /// The newest first.
    public var runs: [Run]

    public init(trigger: String, next: Timestamp?, runs: [Run]) {
        self.trigger = trigger
        self.next = next
        self.runs = runs
    }
}

extension ScheduleDocument.Run.Origin: JSONValue {}
extension ScheduleDocument.Run.Outcome: JSONValue {}

extension ScheduleDocument: WireDocument {
    public static let summary = "When a service runs by itself, and how its runs went."
    public static let properties: [WireProperty<ScheduleDocument>] = [
        .optional("next", \.next, "When the next run is due; not there where none will be."),
        .init("runs", \.runs, "The newest first."),
        .init("trigger", \.trigger, "As the file says it: 0 3 * * * Europe/Zurich, or every 15m."),
    ]
}

extension ScheduleDocument.Run: WireDocument {
    public static let summary = "One run of a schedule."
    public static let properties: [WireProperty<ScheduleDocument.Run>] = [
        .init("due", \.due, "When it was due."),
        .optional("ended", \.ended, "When it ended."),
        .init("origin", \.origin, "What began it: the schedule, the start of the stack, or a request."),
        .init("outcome", \.outcome, "How it went; skipped: it never began."),
        .optional("reason", \.reason, "Why it failed or was skipped."),
    ]
}
