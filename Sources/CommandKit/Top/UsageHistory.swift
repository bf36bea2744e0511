import ControlProtocol

/// What one replica has used of late, the newest last.
struct UsageHistory: Hashable, Sendable {
    /// In percent of one processor.
    private(set) var processor: [Double] = []
    /// In bytes.
    private(set) var memory: [Double] = []
    private var last: UsageDocument?
    /// The one before, of the same incarnation.
    private var earlier: UsageDocument?

    /// How many samples are kept: those of a minute when there is one a second.
    static let capacity = 60

    /// Nil where nothing runs, or only its first sample is there: a rate is the difference of two.
    var processorPercent: Double? { last == nil ? nil : processor.last }
    /// Nil where nothing runs.
    var memoryBytes: UInt64? { last?.memoryBytes }
    var processes: Int? { last?.processes }
    /// The latest sample itself.
    var usage: UsageDocument? { last }

    /// From and to disks, in bytes a second.
    var diskRate: Double? {
        rate { $0.readBytes.map { Double($0) } }.sum(with: rate { $0.writtenBytes.map { Double($0) } })
    }

    /// How much of the time it had to wait for what it lacked most: processors, memory or disks (PSI); in percent.
    var waitPercent: Double? {
        [rate(\.cpuPressureSeconds), rate(\.memoryPressureSeconds), rate(\.ioPressureSeconds)].compactMap { $0 }.max()
            .map { min(100, $0 * 100) }
    }

    /// How much of the time it was held back by its own limit of processor time, in percent.
    var throttledPercent: Double? { rate(\.throttledSeconds).map { $0 * 100 } }

    /// A second, since the sample before.
    private func rate(_ value: (UsageDocument) -> Double?) -> Double? {
        guard let last, let earlier, let new = value(last), let old = value(earlier) else { return nil }
        return max(0, new - old) / Self.seconds(from: earlier, to: last)
    }

    private static func seconds(from earlier: UsageDocument, to later: UsageDocument) -> Double {
        Double(later.time.milliseconds - earlier.time.milliseconds) / 1_000
    }

    /// Takes the next sample; nil where nothing runs. Another incarnation goes on from nothing.
    mutating func take(_ usage: UsageDocument?) {
        earlier = last.flatMap { last in
            usage.map { last.instance == $0.instance && $0.time > last.time } ?? false ? last : nil
        }
        last = usage
        guard let usage else { return }
        Self.append(Double(usage.memoryBytes), to: &memory)
        if let share = rate({ $0.cpuSeconds }) { Self.append(share * 100, to: &processor) }
    }

    private static func append(_ value: Double, to values: inout [Double]) {
        if values.count == capacity { values.removeFirst() }
        values.append(value)
    }
}

extension Double? {
    /// Nil only where neither is known.
    fileprivate func sum(with other: Double?) -> Double? {
        self == nil && other == nil ? nil : (self ?? 0) + (other ?? 0)
    }
}
