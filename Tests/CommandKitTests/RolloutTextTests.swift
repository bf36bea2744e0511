import ControlProtocol
import Testing

@testable import CommandKit

/// How rollouts and revisions are shown.
struct RolloutTextTests {
    private let palette = Palette(isColoured: false)
    private let now = Timestamp(milliseconds: 12_000)

    private func time(_ time: Timestamp) -> String { "t\(time.milliseconds / 1_000)" }

    private func lines(_ service: ServiceDocument, width: Int? = nil) -> [String] {
        RolloutLines(palette: palette, width: width, now: now, timeText: time).lines(for: service)
    }

    private let measured = RolloutDocument.sample(
        4, .analysing, step: 1, steps: 3, wanted: 4, updated: 2, available: 1, failures: 1,
        reason: "waits for measurements",
        measurements: [
            .init(time: Timestamp(milliseconds: 11_000), metric: "errors", value: 0.012, verdict: .successful),
            .init(time: Timestamp(milliseconds: 11_500), metric: "errors", value: nil, verdict: .inconclusive),
            .init(
                time: Timestamp(milliseconds: 11_900), metric: "queue", value: nil, error: "refused", verdict: .error),
        ])

    @Test func aRolloutIsShownWithItsStepItsReplicasAndWhatWasMeasured() {
        #expect(
            lines(.sample("web", rollout: measured)) == [
                "web: rollout 4 analysing for 12s (since t0): because",
                "  replicas       step 2 of 3, 2 of 4 updated, 1 available, 1 failed",
                "  reason         analysing: waits for measurements",
                "  measured       t11  errors is 0.012: successful",
                "  measured       t11  errors is no value: inconclusive",
                "  measured       t11  queue is refused: error",
            ])
    }

    @Test func aPauseIsToldWithItsEndOrWithWhatEndsIt() {
        let web = ServiceDocument.sample("web")
        let timed = RolloutDocument.sample(4, .paused, until: 54_000, step: 0, steps: 2, updated: 1, reason: "pauses")
        #expect(lines(.sample("web", rollout: timed)).last == "  until          t54 (42s)")
        #expect(
            timed.summary(of: web, now: now, timeText: time)
                == "web: rollout 4, step 1 of 2, 1 of 2 updated, 0 available; paused until t54 (42s)")
        let endless = RolloutDocument.sample(4, .paused, steps: 2, reason: "pauses")
        #expect(lines(.sample("web", rollout: endless)).last?.contains("rollout promote web") == true)
        let byHand = RolloutDocument.sample(4, .paused, reason: "was paused")
        #expect(byHand.summary(of: web, now: now).hasSuffix("; was paused; \"stackctl rollout resume web\" goes on"))
    }

    @Test func theDeadlineOfARolloutThatGoesOnIsNoEndOfAPause() {
        let going = RolloutDocument.sample(4, until: 54_000)
        #expect(lines(.sample("web", rollout: going)).last == "  at most until  t54 (42s)")
        #expect(going.pauseEnd == nil)
    }

    @Test func withoutARolloutTheLastOneIsTold() {
        #expect(lines(.sample("web", history: [.sample(3)])) == ["web: rollout 3 is done, 8.0s ago (because)"])
        let history: [RevisionDocument] = [
            .sample(5, .good, .rolledBack, revision: "r3"), .sample(4, .failed, reason: "it crashed"), .sample(3),
        ]
        #expect(
            lines(.sample("web", history: history))
                == ["web: rollout 4 failed: it crashed; revision 3 is back, 8.0s ago (because)"])
        #expect(lines(.sample("web")) == ["web: has not been started yet"])
    }

    @Test(arguments: [30, 40, 60])
    func everyLineFitsTheTerminal(width: Int) {
        let lines = lines(.sample("web", rollout: measured), width: width)
        #expect(lines.allSatisfy { DisplayWidth.columns(of: $0) <= width })
    }

    @Test(arguments: [
        (0, "0"), (4_096, "4096"), (0.012345, "0.01235"), (12.345, "12.35"), (-0.5, "-0.5"), (99_999.96, "100000"),
        (.infinity, "inf"),
    ])
    func measuredNumbersHaveTheDigitsThatMatter(value: Double, text: String) {
        let measurement = RolloutDocument.Measurement(time: .zero, metric: "m", value: value, verdict: .successful)
        #expect(measurement.valueText == text)
    }

    @Test func theHistoryIsATable() {
        let history: [RevisionDocument] = [
            .sample(5, .underWay), .sample(4, .failed, revision: "0123456789", reason: "it crashed"),
        ]
        #expect(
            revisionTable(history, timeText: time).lines(width: nil, palette: palette) == [
                "NUMBER  REVISION  SINCE  TOOK  OUTCOME    CAUSE    REASON",
                "5       r5        t0     -     under way  because",
                "4       01234567  t0     4.0s  failed     because  it crashed",
            ])
        #expect(
            revisionLines(history[1], palette: palette, timeText: time) == [
                "number      4", "revision    0123456789", "cause       because", "since       t0",
                "ended       t4", "outcome     failed", "reason      it crashed",
            ])
    }
}
