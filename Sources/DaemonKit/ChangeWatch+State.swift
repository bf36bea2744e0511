import LinuxRuntime
import StackModel
import SupervisorCore

/// Which services are to be restarted for the files that have changed, and when. It reads no clock.
struct ChangedServices {
    /// A service whose files have changed.
    struct Batch: Hashable {
        /// So many are remembered; more are counted.
        static let capacity = 1000

        var service: ServiceName
        /// Absolute, in their order.
        var paths: [String]
        /// How many there were.
        var count: Int
    }

    private struct Pending {
        var paths: Set<String> = []
        var uncounted = 0
        /// When nothing has changed for long enough.
        var due: Instant
    }

    private let watches: [(service: ServiceName, spec: WatchSpec)]
    private var pending: [ServiceName: Pending] = [:]

    init(_ services: [ServiceSpec]) {
        watches = services.flatMap { service in service.watches.map { (service.name, $0) } }
    }

    /// The paths that are to be watched, each once.
    var paths: [String] { Set(watches.map(\.spec.path)).sorted() }

    /// Nothing in the directory matters to any service.
    func leavesOut(_ directory: String) -> Bool {
        watches.allSatisfy { $0.spec.leavesOut(directory) }
    }

    /// When the next restart is due.
    var nextDue: Instant? { pending.values.map(\.due).min() }

    mutating func note(_ changes: [FileWatch.Change], at now: Instant) {
        for change in changes {
            for (service, spec) in watches {
                switch change {
                case .file(let path): if spec.concerns(path) { note(path, of: service, spec, at: now) }
                case .tree(let path): if spec.mayConcern(below: path) { note(path, of: service, spec, at: now) }
                }
            }
        }
    }

    private mutating func note(_ path: String, of service: ServiceName, _ spec: WatchSpec, at now: Instant) {
        let due = now.advanced(by: spec.debounce)
        var entry = pending[service] ?? Pending(due: due)
        // Of several watches the one that waits longest decides.
        entry.due = max(entry.due, due)
        if entry.paths.count < Batch.capacity {
            entry.paths.insert(path)
        } else if !entry.paths.contains(path) {
            entry.uncounted += 1
        }
        pending[service] = entry
    }

    /// What is due, by the services' names.
    mutating func takeDue(at now: Instant) -> [Batch] {
        let due = pending.filter { $0.value.due <= now }
        for name in due.keys { pending[name] = nil }
        return due.sorted { $0.key < $1.key }.map { name, entry in
            Batch(service: name, paths: entry.paths.sorted(), count: entry.paths.count + entry.uncounted)
        }
    }
}
