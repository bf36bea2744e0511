import ControlProtocol

/// How a schedule is told.
extension ScheduleDocument {
    /// `next in 5h; the last run succeeded 3h ago`
    func remark(now: Timestamp) -> String {
        let next = next.map { "next in \(age(from: now, to: $0))" } ?? "no further run is due"
        guard let last = runs.first(where: { $0.outcome != .running }) else { return next }
        let when = "\(age(from: last.ended ?? last.due, to: now)) ago"
        let reason = last.reason.map { " (\($0))" } ?? ""
        return "\(next); the last run \(last.outcome.phrase) \(when)\(reason)"
    }
}

extension ScheduleDocument.Run.Outcome {
    fileprivate var phrase: String {
        switch self {
        case .running: "goes on since"
        case .succeeded, .failed: rawValue
        case .stopped, .skipped: "was \(rawValue)"
        }
    }

    var style: Style {
        switch self {
        case .running: .yellow
        case .succeeded: .green
        case .failed: .red
        case .stopped, .skipped: .dim
        }
    }
}

extension ScheduleDocument.Run.Origin {
    /// What began the run, as `ps --runs` says it.
    fileprivate var words: String {
        switch self {
        case .schedule: "schedule"
        case .stackStart: "stack start"
        case .request: "request"
        }
    }
}

/// The schedule of a service, as `ps --runs --output json` gives it.
struct ServiceSchedule: Hashable, Encodable {
    var service: String
    var schedule: ScheduleDocument

    private enum CodingKeys: String, CodingKey {
        case service
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(service, forKey: .service)
        try schedule.encode(to: encoder)
    }
}

/// The table of `stackctl ps --runs`: for each service when it runs next, then its last runs, the newest first.
func runTable(_ schedules: [ServiceSchedule], timeText: (Timestamp) -> String = \.localText) -> Table {
    var table = Table(
        "SERVICE", Table.Column("TRIGGER", leaving: 0), "DUE", Table.Column("ORIGIN", leaving: 1), "OUTCOME",
        Table.Column("TOOK", leaving: 2), Table.Column("REASON", leaving: 3))
    for entry in schedules {
        let service = Table.Cell(entry.service, .bold)
        let trigger = Table.Cell(entry.schedule.trigger)
        table.append(
            service, trigger, Table.Cell(entry.schedule.next.map(timeText) ?? "-"), Table.Cell("schedule"),
            Table.Cell("next", .yellow), Table.Cell("-"), Table.Cell(""))
        for run in entry.schedule.runs {
            table.append(
                service, trigger, Table.Cell(timeText(run.due)), Table.Cell(run.origin.words),
                Table.Cell(run.outcome.rawValue, run.outcome.style),
                Table.Cell(run.ended.map { age(from: run.due, to: $0) } ?? "-"), Table.Cell(run.reason ?? ""))
        }
    }
    return table
}
