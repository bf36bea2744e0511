import StackModel

/// When a service runs by itself, as the file gives it.
struct ScheduleDraft: Sendable {
    var cron: Located<CronExpression>?
    var zone: Located<ZoneRules>?
    var interval: Located<Duration>?
    var overlap: Located<ScheduleSpec.Overlap>?
    var runsOnStart: Located<Bool>?
    var history: Located<Int>?
}

extension Definition where Value == ScheduleSpec {
    static let schedule: Definition = forms(
        "a cron expression such as `0 3 * * *`, or a mapping with `cron` or `every`",
        scalar: Definition<CronExpression>.cron.refine { expression, node, report in
            report.zone(at: node.location).map { ScheduleSpec(trigger: .cron(expression, zone: $0)) }
        },
        mapping: Definition<ScheduleDraft>.mapping(
            "a schedule", ScheduleDraft.init, fields: ScheduleDraft.fields
        ).refine { draft, node, report in
            draft.trigger(node, &report).map { trigger in
                let standard = ScheduleSpec(trigger: trigger)
                return ScheduleSpec(
                    trigger: trigger, overlap: draft.overlap?.value ?? standard.overlap,
                    runsOnStart: draft.runsOnStart?.value ?? standard.runsOnStart,
                    history: draft.history?.value ?? standard.history)
            }
        })
}

extension ScheduleDraft {
    static let fields: [Field<ScheduleDraft>] = [
        Field("cron", \.cron, .cron, "When it runs, by the wall clock, as in crontab(5)."),
        Field("time_zone", \.zone, .zone, default: "the host's", "The zone of that clock, as in the tz database."),
        Field("every", \.interval, .interval, "How long after a run began the next one does, in place of `cron`."),
        Field(
            "overlap", \.overlap, .choice(["skip": .skip, "queue": .queue, "replace": .replace]), default: "skip",
            "What becomes of a run that is due while another one goes on: it is left out, waits, or takes its place."),
        Field("run_on_start", \.runsOnStart, .boolean, default: "false", "It runs when the stack starts, too."),
        Field("history", \.history, .integer(0...100), default: "10", "How many runs are remembered."),
    ]

    /// Nil, and a fault, where there is not just one.
    func trigger(_ node: Node, _ report: inout Report) -> ScheduleSpec.Trigger? {
        switch (cron, interval) {
        case (let cron?, nil) where node["every"] == nil:
            if let zone { return .cron(cron.value, zone: zone.value) }
            guard node["time_zone"] == nil else { return nil }
            return report.zone(at: cron.location).map { .cron(cron.value, zone: $0) }
        case (nil, let interval?) where node["cron"] == nil:
            if let zone {
                report.error(at: zone.location, "an interval has no time zone", remedy: "leave `time_zone` out")
            }
            return .interval(interval.value)
        case (_?, let interval?):
            report.error(
                at: interval.location, "`cron` and `every` both tell when it runs", remedy: "keep one of them")
        default:
            // A misspelt key has been told; it is probably the one that is missing.
            let isSpelt = node.entries.allSatisfy { entry in
                entry.key.hasPrefix("x-") || Self.fields.contains { $0.name == entry.key }
            }
            if isSpelt, node["cron"] == nil, node["every"] == nil {
                report.error(
                    at: node.location, "the schedule does not tell when it runs",
                    remedy: "add `cron: \"0 3 * * *\"` or `every: 15m`")
            }
        }
        return nil
    }
}

extension Definition where Value == CronExpression {
    fileprivate static let cron: Definition = Definition<String>.text(
        "a cron expression such as `0 3 * * *` or `@daily`"
    ).refine { text, node, report in
        do throws(CronExpression.Fault) {
            return try CronExpression(text)
        } catch {
            report.error(at: node.location, error.message, remedy: error.remedy)
            return nil
        }
    }
}

extension Definition where Value == ZoneRules {
    fileprivate static let zone: Definition = Definition<String>.text("the name of a time zone").refine {
        name, node, report in report.zone(named: name, at: node.location)
    }.described("a name such as `Europe/Zurich`, or `UTC`")
}

extension Definition where Value == Duration {
    /// The daemon keeps its own work small beside that of the runs.
    fileprivate static let interval = duration("a duration of `1s` at least, such as `15m`") { $0 >= .seconds(1) }
}
