import ControlProtocol
import Testing

@testable import CommandKit

struct ScalingTextTests {
    @Test(arguments: [
        (ScalingDocument(rule: .file), 4, "web: 4 replicas, as the file says"),
        (ScalingDocument(rule: .manual), 1, "web: 1 replica, until the file says otherwise"),
        (ScalingDocument(rule: .autoscaler), 2, "web: 2 replicas, as its autoscaler has said"),
        (scaled(.file), 2, "web: 2 replicas, as the file says, until the autoscaler (2 to 8) says otherwise"),
        (scaled(.autoscaler), 5, "web: 5 replicas, as the autoscaler (2 to 8) says"),
        (scaled(.manual), 4, "web: 4 replicas, until the file or the autoscaler (2 to 8) says otherwise"),
        (
            scaled(.manual), 0,
            "web: no replica, until the file or somebody says otherwise: the autoscaler (2 to 8) leaves that alone"
        ),
        (scaled(.autoscaler, 0, awaits: true), 0, "web: no replica, on demand: the next connection starts one"),
        (scaled(.manual, 0), 0, "web: no replica, until the file or the autoscaler (0 to 8) says otherwise"),
    ])
    func itIsToldWhoRules(scaling: ScalingDocument, scale: Int, expected: String) {
        #expect(scaling.line(of: "web", scale: scale) == expected)
    }

    private static func scaled(
        _ rule: ScalingDocument.Rule, _ minimum: Int = 2, awaits: Bool = false
    ) -> ScalingDocument {
        ScalingDocument(rule: rule, active: true, awaitsConnection: awaits, minimum: minimum, maximum: 8, interval: 5)
    }

    @Test func decisionsAreToldWithEveryInput() {
        let decision = ScalingDocument.Decision(
            time: Timestamp(milliseconds: 5_000), current: 4, desired: 2, recommendation: 1, stabilized: 2,
            reason: "cpu is 20%",
            metrics: [
                .init(
                    name: "cpu", target: "70%", value: "20%", ratio: 0.285, replicas: 1,
                    counted: .init(ready: 3, unready: 1, missing: 2)),
                .init(name: "queue", target: "16", error: "it was not measured"),
            ],
            limits: [.init(code: .stabilization, text: "more were recommended")], removed: ["web/2", "web/0"])
        let status = ScalingStatusDocument(
            service: "web", scale: 2, scaling: Self.scaled(.autoscaler), decisions: [decision])
        let lines = ScalingLines(palette: Palette(isColoured: false)) { "t\($0.milliseconds / 1_000)" }
        #expect(
            lines.lines(for: status) == [
                "web: 2 replicas, as the autoscaler (2 to 8) says",
                "  t5  4 → 2  cpu is 20%",
                "      cpu          20%, 0.285 times its target of 70%: asks for 1 (3 ready, 1 not yet, 2 without a value)",
                "      queue        dead: it was not measured (its target is 16)",
                "      recommended  1, 2 by the stabilization windows",
                "      held by      more were recommended",
                "      removed      web/2, web/0",
            ])
    }
}
