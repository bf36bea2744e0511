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
                ], dependents: ["gateway", "job"], restarted: ["job"]),
            .init(
                service: "cache", kind: .rolling,
                differences: [
                    .init(key: "executable.digest", before: "0123456789", after: "abcdef0123"),
                    .init(key: "secrets.key.digest", before: "1", after: "2"),
                ], memory: .init(nowBytes: 400 << 20, peakBytes: 500 << 20)),
            .init(service: "db", kind: .none), .init(service: "old", kind: .stop),
            .init(service: "queue", kind: .start), .init(service: "web", kind: .live),
        ], event: 4)

    private func lines(_ plan: PlanDocument, width: Int? = nil) -> [String] {
        PlanLines(palette: Palette(isColoured: false), width: width).lines(for: plan)
    }

    @Test func eachServiceThatIsTouchedIsToldWithTheReason() {
        #expect(
            lines(plan) == [
                "-/+ backend  restarts; meanwhile without it: gateway; restarted after it: job",
                "      environment.PORT: 80 → 81",
                "      user: (none) → shop",
                "+/- cache    is replaced by a rollout",
                "      executable: content 01234567 → abcdef01",
                "      secrets.key: its content has changed",
                "      memory: 400M now, and up to 500M during the rollout",
                "  - old      is gone from the files and stops",
                "  + queue    is new and starts",
                "  ~ web      changes without a restart",
                "1 to stop, 1 to start, 1 to restart, 1 to roll out, 1 to change without a restart, 1 unchanged",
            ])
    }

    @Test func nothingToDoIsSaid() {
        let idle = PlanDocument(plan: "0", changes: [.init(service: "db", kind: .none)], event: 0)
        #expect(lines(idle) == ["nothing to do: the stack is as its files say"])
    }

    @Test func aProgramElsewhereIsToldWithItsPlace() {
        let difference = PlanDocument.Difference(key: "executable.path", before: "/a", after: "/b")
        let moved = PlanDocument(
            plan: "0", changes: [.init(service: "db", kind: .rolling, differences: [difference])], event: 0)
        #expect(lines(moved).dropFirst().first == "      executable.path: /a → /b")
    }

    @Test func aSecretThatIsGoneIsTold() {
        let difference = PlanDocument.Difference(key: "secrets.key.digest", before: "1", after: nil)
        let gone = PlanDocument(
            plan: "0", changes: [.init(service: "db", kind: .live, differences: [difference])], event: 0)
        #expect(lines(gone).dropFirst().first == "      secrets.key: cannot be read any more")
    }

    @Test func whatStandsAgainstThePlanIsToldLast() {
        var plan = plan
        plan.conflicts = ["backend: listen.http 127.0.0.1:8000 is taken by another process"]
        #expect(lines(plan).last == "conflict: backend: listen.http 127.0.0.1:8000 is taken by another process")
    }

    @Test(arguments: [30, 40, 60])
    func everythingFitsANarrowTerminal(width: Int) {
        let lines = lines(plan, width: width)
        #expect(lines.allSatisfy { DisplayWidth.columns(of: $0) <= width })
        let words = lines.joined(separator: " ").split(separator: " ").joined(separator: " ")
        #expect(words.contains("environment.PORT: 80 → 81"))
    }
}
