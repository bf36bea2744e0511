import ControlProtocol
import Testing

@testable import CommandKit

struct ScheduleTextTests {
    private let schedule = ScheduleDocument(
        trigger: "0 3 * * * Europe/Zurich", next: Timestamp(milliseconds: 18_000_000),
        runs: [
            .init(
                origin: .schedule, due: Timestamp(milliseconds: 5_000), ended: nil, outcome: .running, reason: nil),
            .init(
                origin: .request, due: Timestamp(milliseconds: 1_000), ended: Timestamp(milliseconds: 4_000),
                outcome: .failed, reason: "exited with status 2"),
        ])

    @Test func theNextAndTheLastRunAreToldInPs() {
        #expect(
            schedule.remark(now: Timestamp(milliseconds: 6_000))
                == "next in 4h; the last run failed 2.0s ago (exited with status 2)")
        let none = ScheduleDocument(trigger: "every 1h", next: nil, runs: [])
        #expect(none.remark(now: Timestamp(milliseconds: 0)) == "no further run is due")
    }

    @Test func thePsTableSaysWhenItRuns() {
        let backup = ServiceDocument.sample(
            "backup", schedule: schedule, .sample("backup", 0, .scheduled, since: 4_000, reason: "waits"))
        let lines = replicaTable([backup], now: Timestamp(milliseconds: 6_000))
            .lines(width: nil, palette: Palette(isColoured: false))
        #expect(lines[1].hasSuffix("next in 4h; the last run failed 2.0s ago (exited with status 2)"))
    }

    @Test func theRunsAsATable() {
        let table = runTable([ServiceSchedule(service: "backup", schedule: schedule)]) { "t\($0.milliseconds)" }
        #expect(
            table.lines(width: nil, palette: Palette(isColoured: false)) == [
                "SERVICE  TRIGGER                  DUE        ORIGIN    OUTCOME  TOOK  REASON",
                "backup   0 3 * * * Europe/Zurich  t18000000  schedule  next     -",
                "backup   0 3 * * * Europe/Zurich  t5000      schedule  running  -",
                "backup   0 3 * * * Europe/Zurich  t1000      request   failed   3.0s  exited with status 2",
            ])
        let narrow = table.lines(width: 40, palette: Palette(isColoured: false))
        #expect(narrow[0] == "SERVICE  DUE        OUTCOME  REASON")
    }

    @Test func asJSONTheServiceStandsBesideItsSchedule() throws {
        let text = try JSONText.line(ServiceSchedule(service: "backup", schedule: schedule))
        #expect(text.contains("\"service\":\"backup\"") && text.contains("\"trigger\":\"0 3 * * * Europe/Zurich\""))
    }
}
