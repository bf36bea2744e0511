import ControlProtocol
import Testing

@testable import CommandKit

struct ProgressLinesTests {
    private let start = Timestamp(milliseconds: 10_000)
    private let now = Timestamp(milliseconds: 13_400)

    private func lines(_ services: [ServiceDocument], columns: Int = 80, rows: Int = 24) -> [String] {
        let progress = ServiceProgress.all(of: services, goal: .running)
        return ProgressLines(palette: Palette(isColoured: false), columns: columns, rows: rows)
            .lines(for: progress, start: start, now: now)
    }

    @Test func aLineTellsStateTimeAndReason() {
        let services: [ServiceDocument] = [
            .sample(
                "backend", .sample("backend", 0, .waiting, since: 10_000, reason: "waits for db (service_healthy)")),
            .sample("db", .sample("db", 0, .running, ready: true, since: 11_200)),
        ]
        #expect(
            lines(services) == [
                "backend  waiting      3.4s    waits for db (service_healthy)",
                "db       ready        1.2s    ",
            ])
    }

    @Test func whatWasReadyBeforeTookNoTime() {
        let services: [ServiceDocument] = [.sample("db", .sample("db", 0, .running, ready: true, since: 2_000))]
        #expect(lines(services) == ["db  ready                "])
    }

    @Test func theEndOfAPauseIsCountedDown() {
        let rollout = RolloutDocument.sample(4, .paused, until: 55_400, reason: "pauses")
        let service = ServiceDocument.sample("web", rollout: rollout, .sample("web", 0, .running, ready: true))
        let progress = ServiceProgress.all(of: [service], goal: .replaced(["web": Former(revision: 3)]))
        let lines = ProgressLines(palette: Palette(isColoured: false), columns: 80, rows: 24)
            .lines(for: progress, start: start, now: now)
        #expect(lines == ["web  paused       3.4s    0 of 2 updated, 0 available; pauses (for another 42s)"])
    }

    @Test(arguments: [8, 20, 30, 40, 200])
    func noLineWraps(columns: Int) {
        let services: [ServiceDocument] = [
            .sample("backend", .sample("backend", 0, .waiting, reason: String(repeating: "waits ", count: 50)))
        ]
        #expect(lines(services, columns: columns).allSatisfy { DisplayWidth.columns(of: $0) < columns })
    }

    @Test func whereThereIsLittleRoomWhatIsDoneIsOnlyCounted() {
        let services: [ServiceDocument] = (0..<30).map { number in
            .sample("s\(number)", .sample("s\(number)", 0, .running, ready: number % 10 != 0))
        }
        let shown = lines(services, rows: 10)
        #expect(shown.count == 4)
        #expect(shown.prefix(3).allSatisfy { $0.contains("not ready") })
        #expect(shown.last == "27 of 30 services done")
    }
}
