import StackModel
import SupervisorCore
import Testing

@testable import SupervisorSimulation

/// The cases of Kubernetes' documentation.
@Suite struct ReplicaOracleTests {
    private func proposal(
        _ metric: LoadMetric, _ reading: LoadReport.Reading, _ phases: [ScaledSlot.Phase]
    ) throws -> Int? {
        let situation = try situation([metric], [reading], phases)
        guard case .replicas(let number) = ReplicaOracle(situation: situation).proposal(of: metric, reading) else {
            return nil
        }
        return number
    }

    private let three = [ScaledSlot.Phase](repeating: .ready, count: 3)

    @Test(
        arguments: [
            // A load twice as great as right takes twice as many, and half of it half as many.
            ([200, 200, 200], 6), ([50, 50, 50], 2), ([109, 109, 109], 3), ([91, 91, 91], 3), ([150, 100, 80], 3),
            // Nothing is known of one: it is taken for idle on the way up, and for as busy as is right on the way down.
            ([200, 200], 4), ([50, 50], 2), ([120, 120], 3), ([10], 3), ([400], 4),
        ] as [([Int], Int)])
    func everyReplicaTellsItsOwn(values: [Int], replicas: Int) throws {
        #expect(try proposal(.inflight, .ofReplicas(values), three) == replicas)
    }

    @Test func whatIsNotReadyCountsAsIdleOnTheWayUpAndNotAtAllOnTheWayDown() throws {
        let phases: [ScaledSlot.Phase] = [.ready, .ready, .pending]
        #expect(try proposal(.inflight, .ofReplicas([300, 300, 0]), phases) == 6)
        #expect(try proposal(.inflight, .ofReplicas([50, 50, 0]), phases) == 1)
        #expect(try proposal(.inflight, .ofReplicas([10, 10, 10]), [.pending, .pending, .failed]) == nil)
    }

    @Test func theServiceTellsOneValue() throws {
        #expect(try proposal(.queue, .service(450), three) == 5)
        #expect(try proposal(.queue, .service(310), three) == 3)
        #expect(try proposal(.queue, .service(0), three) == 0)
        #expect(try proposal(.latency, .service(200), [.ready, .ready, .unready]) == 4)
        #expect(try proposal(.latency, .service(105), three) == 3)
    }

    @Test func whatCannotBeReadForbidsFewer() throws {
        let readings: [LoadReport.Reading] = [.ofReplicas([50, 50, 50]), .failed("no route")]
        let low = ReplicaOracle(situation: try situation([.inflight, .queue], readings, three)).recommendation()
        #expect(low.range == nil && low.mayHold)
        let more: [LoadReport.Reading] = [.ofReplicas([200, 200, 200]), .failed("no route")]
        let high = ReplicaOracle(situation: try situation([.inflight, .queue], more, three)).recommendation()
        #expect(high.range == 6...6 && !high.mayHold)
    }

    @Test func theGreatestProposalWins() throws {
        let readings: [LoadReport.Reading] = [.ofReplicas([50, 50, 50]), .service(900)]
        let both = ReplicaOracle(situation: try situation([.inflight, .queue], readings, three)).recommendation()
        #expect(both.range == 9...9)
    }
}

extension LoadMetric {
    static let inflight = LoadMetric(
        name: "inflight", source: .prometheus(PrometheusMetric(metric: "inflight", port: "http")), target: .average(100)
    )
    static let queue = LoadMetric(name: "queue", source: .acceptQueue, target: .average(100))
    static let latency = LoadMetric(
        name: "latency", source: .command(["ping"], timeout: .seconds(1)), target: .value(100))
}

extension LoadReport.Reading {
    /// Of instances 1, 2, …
    static func ofReplicas(_ values: [Int]) -> LoadReport.Reading {
        .instances(
            values.enumerated().map { LoadReport.Sample(instance: .number(UInt64($0 + 1)), value: $1, time: .at(100)) })
    }
}

/// A service of slots in these phases, each of which has an instance: 1, 2, …
func situation(
    _ metrics: [LoadMetric], _ readings: [LoadReport.Reading], _ phases: [ScaledSlot.Phase], at now: Instant = .at(100),
    minimum: Int = 1, maximum: Int = 10, host: HostRoom = HostRoom(), connections: Int? = nil,
    _ change: (inout AutoscaleSpec) -> Void = { _ in }
) throws -> ScalingCase {
    var autoscale = AutoscaleSpec(minimum: minimum, maximum: maximum, metrics: metrics)
    change(&autoscale)
    let service = try #require(ServiceName("alpha"))
    let slots = phases.enumerated().map { index, phase in
        ScaledSlot(
            replica: ReplicaID(service: service, index: index), phase: phase,
            instances: [.number(UInt64(index + 1))], instance: .number(UInt64(index + 1)))
    }
    var situation = ScalingCase(
        autoscale: autoscale, resources: ResourceSpec(memory: ByteCount(1 << 30)), slots: slots,
        report: LoadReport(readings: readings, connections: connections, host: host), now: now)
    situation.isReachable = connections != nil
    return situation
}
