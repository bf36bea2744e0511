import StackModel

/// What a metric reads where so much is asked of a replica.
struct LoadReading {
    let metric: LoadMetric
    let resources: ResourceSpec
    /// In thousandths: a metric may ask for less than another.
    let strength: Int

    /// In thousandths of a processor that it may have: more it cannot use.
    private static let saturation = 1_500

    /// Of it, the service as a whole has what each replica has: a time, or a share.
    var isShared: Bool {
        if case .value = metric.target { true } else { false }
    }

    /// A thousand is its target.
    func value(of load: Int) -> Int {
        let share = load * strength / 1_000
        switch metric.target {
        case .average(let target), .value(let target): return share * target / 1_000
        case .utilization(let percent):
            guard metric.source == .memory else {
                return min(share * percent / 100, Self.saturation) * resources.cpuRequest.thousandths / 1_000
            }
            return share * percent / 100 * Int(resources.memoryRequest?.bytes ?? 0) / 1_000
        }
    }

    /// How many replicas so much load takes, as a fraction.
    func need(for load: Int) -> Double { Double(load) * Double(strength) / 1_000_000 }
}
