import ControlProtocol
import Testing

@testable import CommandKit

struct PlanLinesTests {
    private let plan = PlanDocument(
        plan: "ab12cd",
        changes: [
            .init(
                service: "backend", kind: .restart,
                differences: [
                    .init(key: "environment.PORT", before: "80", after: "81"),
                    .init(key: "user", before: nil, after: "shop"),
                ], dependents: ["gateway"]),
            .init(service: "db", kind: .none), .init(service: "old", kind: .stop),
            .init(service: "queue", kind: .start), .init(service: "web", kind: .live),
        ], event: 4)

    private func lines(_ plan: PlanDocument, width: Int? = nil) -> [String] {
        PlanLines(palette: Palette(isColoured: false), width: width).lines(for: plan)
    }

    @Test func eachServiceThatIsTouchedIsToldWithTheReason() {
        #expect(
            lines(plan) == [
                "-/+ backend  restarts; meanwhile without it: gateway",
                "      environment.PORT: 80 → 81",
                "      user: (none) → shop",
                "  - old      is gone from the files and stops",
                "  + queue    is new and starts",
                "  ~ web      changes without a restart",
                "1 to stop, 1 to start, 1 to restart, 1 to change without a restart, 1 unchanged",
            ])
    }

    @Test func nothingToDoIsSaid() {
        let idle = PlanDocument(plan: "0", changes: [.init(service: "db", kind: .none)], event: 0)
        #expect(lines(idle) == ["nothing to do: the stack is as its files say"])
    }

    @Test(arguments: [30, 40, 60])
    func everythingFitsANarrowTerminal(width: Int) {
        let lines = lines(plan, width: width)
        #expect(lines.allSatisfy { DisplayWidth.columns(of: $0) <= width })
        let words = lines.joined(separator: " ").split(separator: " ").joined(separator: " ")
        #expect(words.contains("environment.PORT: 80 → 81"))
    }
}
