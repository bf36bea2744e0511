import ControlProtocol
import Testing

@testable import CommandKit

struct ExplanationTests {
    private func event(_ id: UInt64, _ subject: String, _ text: String, cause: UInt64?) -> EventDocument {
        EventDocument(
            id: id, time: Timestamp(milliseconds: Int64(id) * 1_000), subject: subject, code: "code", text: text,
            cause: cause)
    }

    private func lines(_ explanation: Explanation) -> [String] {
        explanation.lines(now: Timestamp(milliseconds: 12_000), palette: Palette(isColoured: false)) {
            "t\($0.milliseconds / 1_000)"
        }
    }

    @Test func causesAreIndentedUnderWhatTheyLedTo() {
        let explanation = Explanation(
            row: .only(.sample("backend", 0, .waiting, since: 9_000, reason: "waits for db (service_healthy)")),
            causes: [
                event(9, "backend/0", "waits for db (service_healthy)", cause: 8),
                event(8, "db/0", "is not ready", cause: 7),
                event(7, "db/0 #3", "readiness probe failed: connection refused", cause: nil),
            ])
        #expect(
            lines(explanation) == [
                "backend/0: waiting for 3.0s (since t9): waits for db (service_healthy)",
                "  t9  backend/0: waits for db (service_healthy)",
                "    t8  because db/0: is not ready",
                "      t7  because db/0 #3: readiness probe failed: connection refused",
            ])
    }

    @Test func readinessIsToldApartFromRunning() {
        let ready = Explanation(row: .only(.sample("db", 0, .running, ready: true)), causes: [])
        let running = Explanation(row: .only(.sample("db", 0, .running)), causes: [])
        #expect(lines(ready) == ["db/0: ready for 12s (since t0)"])
        #expect(lines(running) == ["db/0: running, not ready for 12s (since t0)"])
    }

    @Test func whatIsNoCauseBeginsAChainOfItsOwn() {
        let explanation = Explanation(
            row: .only(.sample("web", 0, .waiting)),
            causes: [
                event(9, "web/0", "waits for db", cause: 1), event(1, "stack", "starts", cause: nil),
                event(8, "db/0", "is restarted in 2s", cause: 7), event(7, "db/0", "exited with status 1", cause: nil),
            ])
        #expect(
            lines(explanation).dropFirst() == [
                "  t9  web/0: waits for db",
                "    t1  because stack: starts",
                "  t8  db/0: is restarted in 2s",
                "    t7  because db/0: exited with status 1",
            ])
        let short = explanation.lines(now: Timestamp(milliseconds: 0), palette: Palette(isColoured: false), limit: 2)
        #expect(short.count == 3)
    }

    @Test func asJSONItHasTheReplicaAsItIsListed() throws {
        let rollout = RolloutDocument.sample(4)
        let explanation = Explanation(row: .only(.sample("db", 0, .running)), causes: [], rollout: rollout)
        let text = try JSONText.line(explanation)
        #expect(text.contains("\"causes\":[]") && text.contains("\"replica\":{") && text.contains("\"number\":4"))
        #expect(!text.contains("\"name\""))
    }

    @Test func aLongChainStaysOnTheScreen() {
        let chain = (0..<40).map { event(UInt64(40 - $0), "a/0", "text", cause: UInt64(39 - $0)) }
        let deepest = lines(Explanation(row: .only(.sample("a", 0, .failed)), causes: chain)).last
        #expect(deepest?.prefix { $0 == " " }.count == 18)
    }
}

extension ReplicaRow {
    /// The one replica of its name.
    static func only(_ replica: ReplicaDocument) -> ReplicaRow { ReplicaRow(replica: replica, role: .only) }
}
