import StackModel

/// What a column of a trace tells.
enum TraceColumn: Hashable, Sendable {
    case time
    /// What is asked of the service altogether, in any unit.
    case load
    /// How many replicas are ready, whatever their starts take.
    case ready
    case pressure(Pressure)
    /// Of the host.
    case availableMemory
    /// What was measured for the metrics of that name.
    case metric(String)

    /// Of the host, as PSI has it.
    enum Pressure: String, CaseIterable, Sendable {
        case cpu, memory, io
    }

    /// What `stackctl` calls it; a metric of the file that has one of these names has no column.
    var name: String {
        switch self {
        case .time: "time"
        case .load: "load"
        case .ready: "ready"
        case .pressure(let resource): "pressure_\(resource.rawValue)"
        case .availableMemory: "memory_available"
        case .metric(let name): name
        }
    }

    /// All that a trace for these metrics may have.
    static func all(for metrics: [LoadMetric]) -> [TraceColumn] {
        [.time, .load] + metrics.map { .metric($0.name) } + [.ready] + Pressure.allCases.map(pressure)
            + [.availableMemory]
    }
}
