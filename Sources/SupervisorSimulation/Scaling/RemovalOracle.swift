import StackModel
import SupervisorCore

/// Which replicas go when there are to be fewer: those that are not ready, then those that do least.
struct RemovalOracle {
    let situation: ScalingCase

    /// What is wrong with the choice.
    func objection(to decision: ScalingDecision) -> Objection? {
        let count = max(0, situation.current - decision.desired)
        let gone = situation.slots.filter { decision.removed.contains($0.replica) }
        guard gone.count == count, decision.removed.count == count else {
            return Objection(.leastLoaded, "loses \(count) replicas, and says that \(decision.removed) go")
        }
        let kept = situation.slots.filter { !decision.removed.contains($0.replica) }
        let measures = measures(for: decision)
        for (left, right) in gone.flatMap({ left in kept.map { (left, $0) } }) {
            if left.isReady == true, right.isReady == false {
                return Objection(.leastLoaded, "loses \(left.replica), which is ready, and \(right.replica) is not")
            }
            guard left.isReady == true, right.isReady == true, isBusier(left, right, measures) else { continue }
            return Objection(.leastLoaded, "loses \(left.replica), and \(right.replica) does less")
        }
        return nil
    }

    /// By every measure that may be the one that counts.
    private func isBusier(_ left: ScaledSlot, _ right: ScaledSlot, _ measures: [[LoadReport.Sample]]) -> Bool {
        let pairs = measures.map { samples in
            (situation.load(of: left, in: samples), situation.load(of: right, in: samples))
        }
        return !pairs.isEmpty
            && pairs.allSatisfy { pair in
                guard let left = pair.0, let right = pair.1 else { return false }
                return left > right
            }
    }

    /// The metric of the replicas' own that asks for most, or several that do; the processor where one of the service as a
    /// whole asks for as much, or there is none.
    private func measures(for decision: ScalingDecision) -> [[LoadReport.Sample]] {
        let oracle = ReplicaOracle(situation: situation)
        var best = 0
        var measures: [(high: Int, samples: [LoadReport.Sample])] = []
        for (metric, reading) in zip(situation.autoscale.metrics, situation.report.readings) {
            let samples = if case .instances(let samples) = reading { samples } else { situation.report.processor }
            switch oracle.proposal(of: metric, reading) {
            case .invalid: break
            case .anything: measures.append((.max, samples))
            case .replicas(let number):
                best = max(best, number)
                measures.append((number, samples))
            }
        }
        let likely = measures.filter { $0.high >= best }.map(\.samples)
        return likely.isEmpty ? [situation.report.processor] : likely
    }
}
