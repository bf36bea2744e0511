import StackModel
import Testing

@testable import SupervisorCore

/// Stabilization and policies, by the cases of Kubernetes' horizontal_test.go (as of 1.33) with their names and figures.
///
/// Left out are TestConvertDesiredReplicasWithRules, whose cases come again in TestScalingWithRules but for one of the time
/// before policies, how the original's logs reuse their places, and two cases of TestStoreScaleEvents without policies,
/// which every service has here.
@Suite struct ScalingBehaviorTests {
    private static let now = Instant(sinceOrigin: .seconds(24 * 3600))

    private static func ago(_ seconds: Int) -> Instant { now.advanced(by: .seconds(-seconds)) }

    /// So many replicas, or such a share of them, in so many seconds; nothing is the standard.
    private static func rules(
        _ standard: AutoscaleSpec.Direction, _ replicas: (Int, Int)?, _ percent: (Int, Int)?
    ) -> AutoscaleSpec.Direction {
        var rules = standard
        rules.policies =
            [replicas.map { AutoscaleSpec.Policy(.replicas($0.0), period: .seconds($0.1)) }].compactMap { $0 }
            + [percent.map { AutoscaleSpec.Policy(.percent($0.0), period: .seconds($0.1)) }].compactMap { $0 }
        if rules.policies.isEmpty { rules.policies = standard.policies }
        return rules
    }

    /// Changes in the middle of equal parts of the last two minutes.
    private static func spread(_ changes: [Int], _ sign: Int) -> [ScalingBehavior.Change] {
        let part = changes.isEmpty ? 0 : 120 / changes.count
        return changes.enumerated().map { index, change in
            ScalingBehavior.Change(replicas: sign * change, time: ago(120 - part * (index + 1) + part / 2))
        }
    }

    // MARK: TestScalingWithRules

    struct Case: CustomTestStringConvertible, Sendable {
        enum Limit { case none, few, many, up, down }

        var testDescription: String
        var current: Int
        var wanted: Int
        var bounds: ClosedRange<Int>
        var up: AutoscaleSpec.Direction
        var down: AutoscaleSpec.Direction
        var changes: [ScalingBehavior.Change]
        var expected: Int
        var limit: ScalingLimit?

        init(
            _ name: String, _ current: Int, _ wanted: Int, _ minimum: Int, _ maximum: Int,
            up: ((Int, Int)?, (Int, Int)?) = (nil, nil), down: ((Int, Int)?, (Int, Int)?) = (nil, nil),
            added: [Int] = [], removed: [Int] = [], gives expected: Int, _ limit: Limit = .none
        ) {
            testDescription = name
            (self.current, self.wanted, bounds, self.expected) = (current, wanted, minimum...maximum, expected)
            self.up = rules(.up, up.0, up.1)
            self.down = rules(.down, down.0, down.1)
            changes = (spread(added, 1) + spread(removed, -1)).sorted { $0.time < $1.time }
            self.limit =
                switch limit {
                case .none: nil
                case .few: .minimum(minimum)
                case .many: .maximum(maximum)
                case .up: .policy(.up)
                case .down: .policy(.down)
                }
        }
    }

    static let cases = [
        Case("prenormalized desired replicas within range", 5, 7, 3, 8, gives: 7),
        Case("prenormalized desired replicas < minReplicas", 3, 1, 2, 8, gives: 2, .few),
        Case("prenormalized desired replicas within range when minReplicas is 0", 1, 0, 0, 10, gives: 0),
        Case("maxReplicas is the limit because maxReplicas < scaleUpLimit", 20, 1000, 1, 10, gives: 10, .many),
        Case("desired replica count is more than the maximum replica count", 100, 1000, 100, 150, gives: 150, .many),
        Case(
            "scaleUpLimit is the limit because scaleUpLimit < maxReplicas with user policies", 3, 1000, 1, 2000,
            up: (nil, (1, 60)), gives: 4, .up),
        // The original skips it.
        Case(
            "scaleDownLimit is the limit because scaleDownLimit > minReplicas with user defined policies", 1000, 3, 3,
            2000, down: ((20, 60), nil), gives: 980, .down),
        Case("scaleUp with default behavior", 10, 50, 1, 1000, gives: 20, .up),
        Case(
            "scaleUp with pods policy larger than percent policy", 10, 500, 1, 1000, up: ((100, 60), (100, 60)),
            gives: 110, .up),
        Case(
            "scaleUp with percent policy larger than pods policy", 10, 500, 1, 1000, up: ((2, 60), (100, 60)),
            gives: 20, .up),
        Case(
            "scaleUp with spec MaxReplicas limitation with large pod policy", 10, 50, 1, 1000, up: ((100, 60), nil),
            gives: 50),
        Case(
            "scaleUp with spec MaxReplicas limitation with large percent policy", 10, 50, 1, 1000,
            up: ((10000, 60), nil), gives: 50),
        Case("scaleUp with pod policy limitation", 10, 50, 1, 1000, up: ((30, 60), nil), gives: 40, .up),
        Case("scaleUp with percent policy limitation", 10, 50, 1, 1000, up: (nil, (200, 60)), gives: 30, .up),
        Case(
            "scaleDown with percent policy larger than pod policy", 100, 2, 1, 1000, down: ((20, 60), (1, 60)),
            gives: 80, .down),
        Case(
            "scaleDown with pod policy larger than percent policy", 100, 2, 1, 1000, down: ((2, 60), (1, 60)),
            gives: 98, .down),
        Case(
            "scaleDown with spec MinReplicas=nil limitation with large pod policy", 10, 0, 1, 1000,
            down: ((100, 60), nil), gives: 1, .few),
        Case(
            "scaleDown with spec MinReplicas limitation with large percent policy", 10, 2, 5, 1000,
            down: (nil, (100, 60)), gives: 5, .few),
        Case("scaleDown with pod policy limitation", 10, 2, 1, 1000, down: ((5, 60), nil), gives: 5, .down),
        Case("scaleDown with percent policy limitation", 10, 5, 1, 1000, down: (nil, (50, 60)), gives: 5),
        Case(
            "scaleUp with spec MaxReplicas limitation with large pod policy and events", 100, 500, 1, 200,
            up: ((300, 60), nil), added: [1, 5, 9], gives: 200, .many),
        Case(
            "scaleUp with spec MaxReplicas limitation with large percent policy and events", 100, 500, 1, 200,
            up: (nil, (10000, 60)), added: [1, 5, 9], gives: 200, .many),
        Case(
            "scaleUp with currentReplicas limitation with rate.PeriodSeconds with a lot of recent scale up events", 100,
            500, 1, 1000, up: ((5, 120), nil), added: [1, 5, 9], gives: 100, .up),
        Case(
            "scaleUp with pod policy and previous scale up events", 100, 500, 1, 1000, up: ((150, 120), nil),
            added: [1, 5, 9], gives: 235, .up),
        Case(
            "scaleUp with percent policy and previous scale up events", 100, 500, 1, 1000, up: (nil, (200, 120)),
            added: [1, 5, 9], gives: 255, .up),
        Case(
            "scaleUp with percent policy and previous scale up and down events", 6, 24, 1, 1000, up: (nil, (300, 300)),
            added: [4], removed: [2], gives: 16, .up),
        Case("scaleDown with default policy and previous events", 10, 5, 1, 1000, removed: [1, 5, 9], gives: 5),
        Case(
            "scaleDown with spec MinReplicas=nil limitation with large pod policy and previous events", 100, 0, 1, 1000,
            down: ((115, 120), nil), removed: [1, 5, 9], gives: 1, .few),
        Case(
            "scaleDown with spec MinReplicas limitation with large pod policy and previous events", 100, 0, 5, 1000,
            down: ((130, 120), nil), removed: [1, 5, 9], gives: 5, .few),
        Case(
            "scaleDown with spec MinReplicas limitation with large percent policy and previous events", 100, 2, 5, 1000,
            down: (nil, (100, 120)), removed: [1, 5, 9], gives: 5, .few),
        Case(
            "scaleDown with pod policy limitation and previous events", 100, 2, 1, 1000, down: ((5, 120), nil),
            removed: [1, 5, 9], gives: 100, .down),
        Case(
            "scaleDown with percent policy limitation and previous events", 100, 0, 1, 1000, down: (nil, (50, 120)),
            removed: [2, 4, 6], gives: 56, .down),
        Case(
            "scaleDown with percent policy and previous scale up and down events", 10, 1, 1, 1000,
            down: (nil, (50, 180)), added: [2], removed: [4], gives: 6, .down),
        Case(
            "scaleDown with previous events preventing further scale down", 100, 0, 1, 1000, down: (nil, (10, 120)),
            removed: [10, 10, 10], gives: 100, .down),
        Case(
            "scaleDown with with previous events still allowing more scale down", 10, 5, 1, 1000,
            down: (nil, (1000, 120)), removed: [10, 10, 10], gives: 5),
        Case(
            "check 'outdated' flag for events for one behavior for up", 100, 200, 1, 1000, up: ((1000, 60), nil),
            added: [8, 12, 9, 11], gives: 200),
        Case(
            "check that events were not marked 'outdated' for two different policies in the behavior for up", 100, 200,
            1, 1000, up: ((1000, 120), (100, 60)), added: [8, 12, 9, 11], gives: 200),
        Case(
            "check that events were marked 'outdated' for two different policies in the behavior for up", 100, 200, 1,
            1000, up: ((1000, 30), (100, 60)), added: [8, 12, 9, 11], gives: 200),
        Case(
            "check 'outdated' flag for events for one behavior for down", 100, 5, 1, 1000, down: ((1000, 60), nil),
            removed: [8, 12, 9, 11], gives: 5),
        Case(
            "check that events were not marked 'outdated' for two different policies in the behavior for down", 100, 5,
            1, 1000, down: ((1000, 120), (100, 60)), removed: [8, 12, 9, 11], gives: 5),
        Case(
            "check that events were marked 'outdated' for two different policies in the behavior for down", 100, 5, 1,
            1000, down: ((1000, 30), (100, 60)), removed: [8, 12, 9, 11], gives: 5),
    ]

    @Test(arguments: cases) func policiesHold(_ wanted: Case) {
        let behavior = ScalingBehavior(changes: wanted.changes)
        let spec = AutoscaleSpec(maximum: 1, metrics: [], scaleUp: wanted.up, scaleDown: wanted.down)
        let result = behavior.limit(
            wanted.wanted, current: wanted.current, within: wanted.bounds, spec, at: Self.now)
        #expect(result.replicas == wanted.expected)
        #expect(result.by == wanted.limit)
    }

    /// TestCalculateScaleUpLimitWithScalingRules, TestCalculateScaleDownLimitWithBehaviors
    @Test func theSmallestChangeIsThatOfTheStrictestPolicy() {
        var spec = AutoscaleSpec(
            maximum: 100, metrics: [], scaleUp: Self.rules(.up, (2, 60), (50, 60)),
            scaleDown: Self.rules(.down, (2, 60), (50, 60)))
        spec.scaleUp.select = .minimum
        spec.scaleDown.select = .minimum
        let behavior = ScalingBehavior()
        #expect(behavior.limit(100, current: 1, within: 1...100, spec, at: Self.now).replicas == 2)
        #expect(behavior.limit(0, current: 5, within: 0...100, spec, at: Self.now).replicas == 3)
    }

    @Test func whatIsDisabledDoesNotHappen() {
        var spec = AutoscaleSpec(maximum: 100, metrics: [])
        spec.scaleUp.select = .disabled
        spec.scaleDown.select = .disabled
        let behavior = ScalingBehavior()
        let up = behavior.limit(100, current: 5, within: 1...100, spec, at: Self.now)
        #expect(up.replicas == 5 && up.by == .disabled(.up))
        let down = behavior.limit(1, current: 5, within: 1...100, spec, at: Self.now)
        #expect(down.replicas == 5 && down.by == .disabled(.down))
    }

    // MARK: TestNormalizeDesiredReplicas, TestNormalizeDesiredReplicasWithBehavior

    /// Recommendations with their ages in seconds, windows in seconds.
    struct Stabilized: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var log: [(Int, Int)]
        var current: Int
        var wanted: Int
        var expected: Int
        var up = 0
        var down = 0
    }

    static let stabilized = [
        Stabilized(testDescription: "empty log", log: [], current: 100, wanted: 5, expected: 5, down: 300),
        Stabilized(
            testDescription: "stabilize", log: [(4, 120), (5, 60)], current: 100, wanted: 3, expected: 5, down: 300),
        Stabilized(
            testDescription: "no stabilize", log: [(1, 120), (2, 60)], current: 100, wanted: 3, expected: 3, down: 300),
        Stabilized(
            testDescription: "no stabilize - old recommendations", log: [(10, 600), (9, 540)], current: 100, wanted: 3,
            expected: 3, down: 300),
        Stabilized(
            testDescription: "stabilize - old recommendations", log: [(10, 600), (4, 60), (5, 120), (9, 540)],
            current: 100, wanted: 3, expected: 5, down: 300),
        Stabilized(
            testDescription: "empty recommendations for scaling down", log: [], current: 100, wanted: 5, expected: 5),
        Stabilized(
            testDescription: "simple scale down stabilization", log: [(4, 120), (5, 60)], current: 100, wanted: 3,
            expected: 5, down: 180),
        Stabilized(
            testDescription: "simple scale up stabilization", log: [(4, 120), (5, 60)], current: 1, wanted: 7,
            expected: 4, up: 300),
        Stabilized(
            testDescription: "no scale down stabilization", log: [(1, 120), (2, 60)], current: 100, wanted: 3,
            expected: 3, up: 300),
        Stabilized(
            testDescription: "no scale up stabilization", log: [(4, 120), (5, 60)], current: 1, wanted: 3, expected: 3,
            down: 300),
        Stabilized(
            testDescription: "no scale down stabilization, reuse recommendation element", log: [(10, 600), (9, 540)],
            current: 100, wanted: 3, expected: 3),
        Stabilized(
            testDescription: "no scale up stabilization, reuse recommendation element", log: [(10, 600), (9, 540)],
            current: 1, wanted: 100, expected: 100),
        Stabilized(
            testDescription: "scale down stabilization, reuse one of obsolete recommendation element",
            log: [(10, 600), (4, 60), (5, 120), (9, 540)], current: 100, wanted: 3, expected: 5, down: 180),
        Stabilized(
            testDescription: "scale up stabilization, reuse one of obsolete recommendation element",
            log: [(10, 6000), (6, 60), (5, 120), (9, 180)], current: 1, wanted: 100, expected: 5, up: 300),
        Stabilized(
            testDescription: "scale up and down stabilization, do not scale up when prenormalized rec goes down",
            log: [(2, 6000), (3, 180)], current: 2, wanted: 1, expected: 2, up: 300, down: 300),
        Stabilized(
            testDescription: "scale up and down stabilization, do not scale down when prenormalized rec goes up",
            log: [(2, 6000), (1, 180)], current: 2, wanted: 3, expected: 2, up: 300, down: 300),
    ]

    @Test(arguments: stabilized) func windowsHold(_ wanted: Stabilized) {
        var behavior = ScalingBehavior(
            recommendations: wanted.log.map { ScalingBehavior.Recommendation(replicas: $0, time: Self.ago($1)) })
        var spec = AutoscaleSpec(maximum: 1000, metrics: [])
        spec.scaleUp.stabilizationWindow = .seconds(wanted.up)
        spec.scaleDown.stabilizationWindow = .seconds(wanted.down)
        let result = behavior.stabilize(wanted.wanted, current: wanted.current, spec, at: Self.now)
        #expect(result.replicas == wanted.expected)
        // What no window can need any more is forgotten.
        let oldest = max(wanted.up, wanted.down)
        #expect(behavior.recommendations.count == wanted.log.count { $0.1 <= oldest } + 1)
    }

    @Test func whatCountsInsteadIsNamedByItsTime() {
        var behavior = ScalingBehavior()
        let spec = AutoscaleSpec(maximum: 1000, metrics: [])
        for (replicas, age) in [(5, 200), (5, 100), (4, 50)] {
            _ = behavior.stabilize(replicas, current: 5, spec, at: Self.ago(age))
        }
        let result = behavior.stabilize(2, current: 5, spec, at: Self.now)
        #expect(result.replicas == 5 && result.since == Self.ago(100))
        #expect(behavior.recommendations.map(\.replicas) == [5, 4, 2])
    }

    // MARK: TestStoreScaleEvents

    struct Stored: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var changes: [(Int, Int)]
        var policies: [(Int, Int)]
        var counted: Int
        var kept: [Int]
    }

    static let stored = [
        Stored(
            testDescription: "empty entries with two-policy-behavior", changes: [], policies: [(10, 60), (100, 60)],
            counted: 0, kept: [5]),
        Stored(
            testDescription: "one outdated entry to be replaced with behavior", changes: [(7, 61)],
            policies: [(10, 60), (100, 60)], counted: 0, kept: [5]),
        Stored(
            testDescription: "one actual entry to be not touched with behavior", changes: [(7, 58)],
            policies: [(10, 60), (100, 60)], counted: 7, kept: [7, 5]),
        Stored(
            testDescription: "two entries, one of them to be replaced", changes: [(7, 61), (6, 59)],
            policies: [(10, 60)], counted: 6, kept: [6, 5]),
        Stored(
            testDescription: "replace one entry, use policies with different periods",
            changes: [(8, 29), (6, 59), (7, 61), (9, 61)], policies: [(10, 60), (100, 30)], counted: 14,
            kept: [8, 6, 5]),
        Stored(
            testDescription: "two entries, both actual", changes: [(7, 58), (6, 59)], policies: [(10, 120), (100, 30)],
            counted: 13, kept: [7, 6, 5]),
    ]

    @Test(arguments: stored, [1, -1]) func changesAreKeptAsLongAsTheyCount(_ wanted: Stored, sign: Int) {
        var behavior = ScalingBehavior(
            changes: wanted.changes.map { ScalingBehavior.Change(replicas: sign * $0, time: Self.ago($1)) })
        #expect(behavior.change(within: .seconds(60), at: Self.now) == sign * wanted.counted)
        let policies = wanted.policies.map { AutoscaleSpec.Policy(.replicas($0), period: .seconds($1)) }
        let direction = AutoscaleSpec.Direction(stabilizationWindow: .zero, policies: policies)
        behavior.note(
            from: 10, to: 10 + sign * 5,
            AutoscaleSpec(maximum: 100, metrics: [], scaleUp: direction, scaleDown: direction), at: Self.now)
        #expect(behavior.changes.map(\.replicas) == wanted.kept.map { sign * $0 })
        #expect(behavior.change(within: .seconds(60), at: Self.now) == sign * (wanted.counted + 5))
    }
}
