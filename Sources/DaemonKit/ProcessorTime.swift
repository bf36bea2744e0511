import StackModel

/// The processor time that a replica has used, as a counter: it does not fall when one of its instances goes.
struct ProcessorTime {
    /// Of instances that have ended, as they were last seen.
    private var ended = Duration.zero
    private var running: [InstanceID: Duration] = [:]

    var total: Duration { running.values.reduce(ended, +) }

    /// Takes what was read of instances, of which some may have ended since.
    mutating func take(_ readings: [InstanceID: Duration], running ids: Set<InstanceID>) {
        for (id, time) in readings {
            // One that ended before it was ever seen running may have been added to the ended already.
            guard let before = running[id] ?? (ids.contains(id) ? .zero : nil) else { continue }
            // Without cgroups, a process that ends takes with it what it used.
            running[id] = max(before, time)
        }
        for (id, time) in running where !ids.contains(id) {
            ended += time
            running[id] = nil
        }
    }
}
