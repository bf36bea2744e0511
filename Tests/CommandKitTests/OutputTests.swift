import ControlProtocol
import Testing

@testable import CommandKit

struct OutputTests {
    private let palette = Palette(isColoured: false)

    private func line(_ text: String) -> StreamRecord<LogLine> {
        .item(
            LogLine(
                time: Timestamp(milliseconds: 0), service: "db", replica: 0, stream: .stdout, sequence: 1, text: text))
    }

    @Test func logLinesCarryWhatWasAskedFor() throws {
        let services: [ServiceDocument] = [.sample("db", .sample("db", 0, .running))]
        func text(_ format: LogPrinter.Format) throws -> String {
            var printer = LogPrinter(format, services: services, palette: palette)
            return try printer.line(for: line("hello"))
        }
        #expect(try text(.init()) == "db/0 | hello")
        #expect(try text(.init(hasPrefix: false)) == "hello")
        #expect(try text(.init(hasTime: true)) == "db/0 | 1970-01-01T00:00:00.000Z hello")
        #expect(try text(.init(output: .json)).contains("\"text\":\"hello\""))
    }

    @Test func whatStackdSaysIsNoLineOfTheService() throws {
        let line = LogLine(
            time: Timestamp(milliseconds: 0), service: "db", replica: 0, stream: .stackd, sequence: 1,
            text: "dropped 3 lines (6 bytes): No space left on device")
        var plain = LogPrinter(.init(), services: [], palette: palette)
        #expect(try plain.line(for: .item(line)) == "db/0 | … dropped 3 lines (6 bytes): No space left on device")
    }

    @Test func missingLinesAreTold() throws {
        var printer = LogPrinter(.init(), services: [], palette: palette)
        let gap = StreamRecord<LogLine>.gap(StreamGap(lost: 12, unit: .lines, code: .clientTooSlow))
        #expect(try printer.line(for: gap) == "… 12 lines are missing here: this reader was too slow")
        #expect(
            StreamGap(lost: 1, unit: .events, code: .noLongerKept).text
                == "… 1 event is missing here: the daemon does not keep them any more")
    }

    @Test func replicasAsATable() {
        let db = ReplicaDocument.sample(
            "db", 0, .running, ready: true, pid: 42, restarts: 3, since: 0, reason: "is ready", status: "idle")
        let services: [ServiceDocument] = [
            .sample("db", db), .sample("web", .sample("web", 1, .waiting, since: 2_000, reason: "waits for db")),
        ]
        let table = replicaTable(services, now: Timestamp(milliseconds: 5_000))
        #expect(
            table.lines(width: nil, palette: palette) == [
                "REPLICA  STATE    READY  PID  RESTARTS  REVISION  SINCE  REASON",
                "db/0     running  yes    42   3         r1        5.0s   idle",
                "web/1    waiting  no     -    0         r1        3.0s   waits for db",
            ])
        #expect(rolloutFooter(services, now: .zero, palette: palette, width: nil) == [])
    }

    @Test func aServiceWithoutReplicasIsListedToo() {
        let onDemand = ScalingDocument(rule: .autoscaler, awaitsConnection: true, minimum: 0, maximum: 3)
        let services: [ServiceDocument] = [
            .sample("db", scaling: onDemand), .sample("web", scaling: .init(rule: .manual)),
        ]
        #expect(
            replicaTable(services, now: .zero).lines(width: nil, palette: palette).dropFirst() == [
                "db       on demand  -      -    -         -         -      the next connection starts a replica",
                "web      none       -      -    -         -         -      is scaled to 0",
            ])
    }

    @Test func whatIsReplacedIsListedTwiceWithItsRolloutUnderTheTable() {
        let services: [ServiceDocument] = [
            .sample(
                "db", rollout: .sample(2, updated: 1), .sample("db", 0, .running, ready: true, pid: 1),
                .sample("db", 0, .starting, pid: 2, revision: "0123456789"))
        ]
        #expect(
            replicaTable(services, now: .zero).lines(width: nil, palette: palette) == [
                "REPLICA     STATE     READY  PID  RESTARTS  REVISION  SINCE  REASON",
                "db/0 (old)  running   yes    1    0         r1        0ms",
                "db/0 (new)  starting  no     2    0         01234567  0ms",
            ])
        #expect(
            rolloutFooter(services, now: .zero, palette: palette, width: nil)
                == ["db: rollout 2, 1 of 2 updated, 0 available"])
    }

    @Test func replicasAsJSONHaveEveryKey() throws {
        let text = try JSONText.document([ReplicaDocument.sample("db", 0, .stopped)])
        for key in ["service", "replica", "state", "ready", "pid", "restarts", "revision", "since"] {
            #expect(text.contains("\"\(key)\" :"))
        }
    }

    @Test func checksOfTheHostWithWhatToDo() {
        let checks = [
            DoctorCheck(name: "cgroup", level: .warning, finding: "no cgroup can be made", remedy: "run it as a unit"),
            DoctorCheck(name: "open_files", level: .ok, finding: "1048576"),
        ]
        #expect(
            doctorLines(checks, width: nil, palette: palette) == [
                "warning  cgroup      no cgroup can be made",
                "                     run it as a unit",
                "ok       open_files  1048576",
            ])
    }

    @Test func eventsInLines() throws {
        let event = EventDocument(
            id: 4, time: Timestamp(milliseconds: 0), subject: "db/0 #1", code: "spawned", text: "runs as pid 42\n",
            cause: 3)
        #expect(
            try eventLine(.item(event), format: .table, palette: palette) { _ in "t" }
                == "t  db/0 #1           runs as pid 42 ")
        #expect(try eventLine(.item(event), format: .json, palette: palette).contains("\"code\":\"spawned\""))
    }
}
