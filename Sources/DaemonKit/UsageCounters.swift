import LinuxRuntime
import StackModel

/// What was used so far of all that only grows, as far as the host tells it.
struct UsageCounters: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        /// In nanoseconds.
        case processorTime, throttledTime, processorPressure, memoryPressure, ioPressure
        /// In bytes.
        case read, written
        case outOfMemoryKills
    }

    private var values: [Kind: UInt64] = [:]

    init() {}

    init(_ usage: Usage) {
        func nanoseconds(_ duration: Duration?) -> UInt64? { duration.map { UInt64(clamping: $0.wholeNanoseconds) } }
        let told: [(Kind, UInt64?)] = [
            (.processorTime, nanoseconds(usage.cpuTime)), (.throttledTime, nanoseconds(usage.throttledTime)),
            (.processorPressure, nanoseconds(usage.pressure?.cpu)),
            (.memoryPressure, nanoseconds(usage.pressure?.memory)), (.ioPressure, nanoseconds(usage.pressure?.io)),
            (.read, usage.readBytes), (.written, usage.writtenBytes),
            (.outOfMemoryKills, usage.outOfMemoryKills.map { UInt64(clamping: $0) }),
        ]
        for (kind, value) in told { values[kind] = value }
    }

    init(outOfMemoryKills: Int) {
        values[.outOfMemoryKills] = UInt64(clamping: outOfMemoryKills)
    }

    /// Nil where the host does not tell.
    subscript(kind: Kind) -> UInt64? { values[kind] }

    func seconds(_ kind: Kind) -> Double? { values[kind].map { Double($0) / 1e9 } }

    mutating func add(_ other: UsageCounters) {
        values.merge(other.values) { $0 + $1 }
    }

    /// Without cgroups, a process that ends takes with it what it used.
    mutating func grow(to other: UsageCounters) {
        values.merge(other.values, uniquingKeysWith: max)
    }
}

/// What a replica has used so far: it does not fall when one of its instances goes.
struct ReplicaCounters {
    /// Of instances that have ended, as they were last seen.
    private var ended = UsageCounters()
    private var running: [InstanceID: UsageCounters] = [:]

    var total: UsageCounters { running.values.reduce(into: ended) { $0.add($1) } }

    /// Takes what was found out of an instance as it ended, before anybody else read it.
    mutating func take(_ counters: UsageCounters, ofEnding id: InstanceID) {
        running[id, default: UsageCounters()].grow(to: counters)
    }

    /// Takes what was read of instances, of which some may have ended since.
    mutating func take(_ readings: [InstanceID: UsageCounters], running ids: Set<InstanceID>) {
        for (id, counters) in readings {
            // One that ended before it was ever seen running may have been added to the ended already.
            guard running[id] != nil || ids.contains(id) else { continue }
            running[id, default: UsageCounters()].grow(to: counters)
        }
        for (id, counters) in running where !ids.contains(id) {
            ended.add(counters)
            running[id] = nil
        }
    }
}
