import StackModel
import SupervisorCore

/// What was counted up to the last measurement, so that the next one tells what has been counted since.
struct AnalysisCounters {
    /// So many things, of which so many were bad.
    struct Count: Hashable {
        var all = 0
        var bad = 0
    }

    private struct Key: Hashable {
        var service: ServiceName
        var metric: String
    }

    private var former: [Key: [InstanceID: Count]] = [:]

    /// What was counted of the instances since the metric was measured before, or since they began.
    mutating func increase(
        of metric: String, _ service: ServiceName, to counts: [InstanceID: Count]
    ) -> Count {
        let key = Key(service: service, metric: metric)
        let before = former[key] ?? [:]
        former[key] = counts
        return counts.reduce(into: Count()) { sum, entry in
            let base = before[entry.key] ?? Count()
            sum.all += entry.value.all - base.all
            sum.bad += entry.value.bad - base.bad
        }
    }

    /// Forgets the services that are not replaced at the moment.
    mutating func keep(_ services: Set<ServiceName>) {
        former = former.filter { services.contains($0.key.service) }
    }
}

extension AnalysisCounters.Count {
    /// The share of the bad ones; nothing is said where there was nothing to judge.
    var share: Measurement.Value { all > 0 ? .number(Double(bad) / Double(all)) : .none }
}
