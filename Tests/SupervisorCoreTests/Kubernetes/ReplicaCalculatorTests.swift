import StackModel
import Testing

@testable import SupervisorCore

/// The arithmetic of Kubernetes' replica calculator, by its own tables.
@Suite struct ReplicaCalculatorTests {
    /// Long after everything that is said to be long ago.
    private static let now = Instant(sinceOrigin: .seconds(24 * 3600))
    private static let spec = AutoscaleSpec(
        maximum: 100, metrics: [], processorInitializationPeriod: .seconds(120), initialReadinessDelay: .seconds(10))

    struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var metric: [String]
        var requests: [Int]
        var measured: [Int?]
        var slots: [LoadSlot]
        var current: Int
        var tolerance: [Int]
        var expected: [Int]

        init(_ line: Substring) {
            let columns = line.split(separator: "|", omittingEmptySubsequences: false).map { column in
                column.split(separator: " ").map(String.init)
            }
            testDescription = columns[0].joined(separator: " ")
            metric = columns[1].prefix { $0 != "of" }.map { $0 }
            let requests = columns[1].drop { $0 != "of" }.compactMap { Int($0) }
            measured = columns[2].map { Int($0) }
            slots = (columns[3].last ?? "").enumerated().map { LoadSlot(index: $0, state: Case.state($1)) }
            current = columns[3].count == 2 ? Int(columns[3][0]) ?? 0 : slots.count
            tolerance = columns[4].compactMap { Int($0) }
            expected = columns[5].compactMap { Int($0) }
            self.requests = requests.count == 1 ? slots.map { _ in requests[0] } : requests
        }

        static func state(_ letter: Character) -> LoadSlot.State {
            let cool = ReplicaCalculatorTests.now.advanced(by: .seconds(-180))
            return switch letter {
            case "R": .running(LoadSlot.Life(started: cool, isReady: true, since: .origin))
            case "u": .running(LoadSlot.Life(started: cool, isReady: false, since: .origin))
            case "h": .running(LoadSlot.Life(started: ReplicaCalculatorTests.now, isReady: true, since: .origin))
            case "H": .running(LoadSlot.Life(started: ReplicaCalculatorTests.now, isReady: false, since: .origin))
            case "p": .pending
            default: .ended
            }
        }

        var outcome: MetricVerdict.Outcome {
            var calculator = ReplicaCalculator(spec, slots: slots, current: current, at: now)
            if tolerance.count == 2 {
                calculator.tolerance = ReplicaCalculator.Tolerance(up: tolerance[0], down: tolerance[1])
            }
            // Taken before what they tell of, as to the original's clock.
            let samples = measured.map { value in
                value.map { ReplicaCalculator.Sample($0, at: .origin, window: .seconds(60)) }
            }
            let target = Int(metric[1]) ?? 0
            return switch metric[0] {
            case "utilization": calculator.utilization(samples, of: requests, percent: target, isProcessor: true)
            case "average": calculator.average(samples, target: target, isProcessor: false)
            case "value": calculator.value(measured[0] ?? 0, target: target)
            default: calculator.valuePerReplica(measured[0] ?? 0, target: target)
            }
        }
    }

    static let cases = ReplicaCalculatorTable.text.split(separator: "\n").map { Case($0) }

    @Test(arguments: cases) func theReferenceHolds(_ wanted: Case) {
        switch wanted.outcome {
        case .proposal(let replicas, let value, _, _): #expect([replicas, value] == wanted.expected)
        case .failed: #expect(wanted.expected == [])
        }
    }

    @Test func noneOfTheReferenceIsLost() {
        #expect(Self.cases.count == 64)
        #expect(
            Self.cases.allSatisfy { $0.measured.count == $0.slots.count || ["value", "each"].contains($0.metric[0]) })
    }

    // MARK: Groups (TestGroupPods)

    private func life(started: Int, ready: Bool, since: Int) -> LoadSlot.State {
        .running(
            LoadSlot.Life(
                started: Self.now.advanced(by: .seconds(-started)), isReady: ready,
                since: Self.now.advanced(by: .seconds(-since))))
    }

    private func group(
        _ states: [LoadSlot.State], _ samples: [(age: Int, window: Int)?], isProcessor: Bool = true
    ) -> [[Int]] {
        let slots = states.enumerated().map { LoadSlot(index: $0, state: $1) }
        let groups = ReplicaCalculator(Self.spec, slots: slots, at: Self.now).group(
            samples.map { sample in
                sample.map {
                    ReplicaCalculator.Sample(
                        1, at: Self.now.advanced(by: .seconds(-$0.age)), window: .seconds($0.window))
                }
            }, isProcessor: isProcessor)
        return [groups.ready, groups.unready, groups.missing, groups.ignored]
    }

    @Test func slotsAreGroupedAsPodsAre() {
        let old = (age: 24 * 3600, window: 0)
        // void
        #expect(group([], []) == [[], [], [], []])
        // count in a ready pod - memory
        #expect(group([life(started: 9, ready: false, since: 9)], [(0, 60)], isProcessor: false) == [[0], [], [], []])
        // unready a pod without ready condition - CPU
        #expect(group([life(started: 0, ready: false, since: 0)], [old]) == [[], [0], [], []])
        // count in a ready pod with fresh metrics during initialization period - CPU
        #expect(group([life(started: 60, ready: true, since: 30)], [(0, 30)]) == [[0], [], [], []])
        // unready a ready pod without fresh metrics during initialization period - CPU
        #expect(group([life(started: 60, ready: true, since: 30)], [(0, 60)]) == [[], [0], [], []])
        // unready an unready pod during initialization period - CPU
        #expect(group([life(started: 600, ready: false, since: 594)], [old]) == [[], [0], [], []])
        // count in a ready pod without fresh metrics after initialization period - CPU
        #expect(group([life(started: 180, ready: true, since: 180)], [(120, 60)]) == [[0], [], [], []])
        // count in an unready pod that was ready after initialization period - CPU
        #expect(group([life(started: 600, ready: false, since: 540)], [old]) == [[0], [], [], []])
        // unready pod that has never been ready after initialization period - CPU
        #expect(group([life(started: 600, ready: false, since: 590)], [old]) == [[0], [], [], []])
        // a missing pod
        #expect(group([life(started: 180, ready: false, since: 180)], [nil]) == [[], [], [0], []])
        #expect(group([.restarting], [nil]) == [[], [], [0], []])
        // several pods
        #expect(
            group(
                [
                    life(started: 0, ready: false, since: 0), life(started: 180, ready: true, since: 180),
                    life(started: 180, ready: false, since: 180),
                ], [old, old, nil]) == [[1], [0], [2], []])
        // pending pods are unreadied
        #expect(group([.pending], [nil]) == [[], [0], [], []])
        // ignore pods with deletion timestamps, ignore pods in a failed state
        #expect(group([.ended, .ended], [old, old]) == [[], [], [], [0, 1]])
    }

    // MARK: Beyond the tables

    @Test func theRatioIsThatWithWhatLacksFilledIn() {
        let slots = "RR".enumerated().map { LoadSlot(index: $0.offset, state: Case.state("R")) }
        let calculator = ReplicaCalculator(Self.spec, slots: slots, at: Self.now)
        let samples = [ReplicaCalculator.Sample(1900, at: .origin), nil]
        #expect(
            calculator.utilization(samples, of: [1000, 1000], percent: 100, isProcessor: false)
                == .proposal(replicas: 2, value: 190, ratio: 950, MetricVerdict.Groups(ready: 1, missing: 1)))
    }

    @Test func whatIsExactStaysExact() {
        // In floating point 1.1 times 10 is more than 11, which rounds up to 12.
        let slots = (0..<10).map { LoadSlot(index: $0, state: Case.state("R")) }
        var calculator = ReplicaCalculator(Self.spec, slots: slots, at: Self.now)
        calculator.tolerance = ReplicaCalculator.Tolerance(up: 0, down: 0)
        let samples = slots.map { _ in ReplicaCalculator.Sample(55, at: .origin) }
        #expect(
            calculator.average(samples, target: 50, isProcessor: false)
                == .proposal(replicas: 11, value: 55, ratio: 1100, MetricVerdict.Groups(ready: 10)))
    }

    @Test func fromNoneTheWholeSaysHowMany() {
        let calculator = ReplicaCalculator(Self.spec, slots: [], at: Self.now)
        #expect(calculator.value(2500, target: 1000) == .proposal(replicas: 3, value: 2500, ratio: 2500, .init()))
        #expect(
            calculator.valuePerReplica(2500, target: 1000) == .proposal(replicas: 3, value: 2500, ratio: 2500, .init()))
        #expect(calculator.valuePerReplica(0, target: 1000) == .proposal(replicas: 0, value: 0, ratio: 0, .init()))
        #expect(calculator.average([], target: 1, isProcessor: false) == .failed("there is no replica"))
    }

    @Test func whatIsNegativeAsksForNothing() {
        let slots = [LoadSlot(index: 0, state: Case.state("R"))]
        let calculator = ReplicaCalculator(Self.spec, slots: slots, at: Self.now)
        #expect(
            calculator.average([ReplicaCalculator.Sample(-5, at: .origin)], target: 5, isProcessor: false)
                == .proposal(replicas: 0, value: -5, ratio: 0, MetricVerdict.Groups(ready: 1)))
    }
}
