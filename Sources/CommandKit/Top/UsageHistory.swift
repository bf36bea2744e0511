import ControlProtocol

/// What one replica has used of late, the newest last.
struct UsageHistory: Hashable, Sendable {
    /// In percent of one processor.
    private(set) var processor: [Double] = []
    /// In bytes.
    private(set) var memory: [Double] = []
    private var last: UsageDocument?

    /// How many samples are kept: those of a minute when there is one a second.
    static let capacity = 60

    /// Nil where nothing runs, or only its first sample is there: a rate is the difference of two.
    var processorPercent: Double? { last == nil ? nil : processor.last }
    /// Nil where nothing runs.
    var memoryBytes: UInt64? { last?.memoryBytes }
    var processes: Int? { last?.processes }

    /// Takes the next sample; nil where nothing runs. Another incarnation goes on from nothing.
    mutating func take(_ usage: UsageDocument?) {
        defer { last = usage }
        guard let usage else { return }
        Self.append(Double(usage.memoryBytes), to: &memory)
        guard let last, last.instance == usage.instance, usage.time > last.time else { return }
        let seconds = Double(usage.time.milliseconds - last.time.milliseconds) / 1_000
        Self.append(max(0, usage.cpuSeconds - last.cpuSeconds) / seconds * 100, to: &processor)
    }

    private static func append(_ value: Double, to values: inout [Double]) {
        if values.count == capacity { values.removeFirst() }
        values.append(value)
    }
}
