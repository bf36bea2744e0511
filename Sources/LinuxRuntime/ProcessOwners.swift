import Glibc

/// Who belongs to which instance of a stack, as far as it is known; what of a look at all processes needs no loop.
struct ProcessOwners: Sendable {
    /// What every marker of this stack begins with.
    let markerPrefix: String
    /// What was there before the stack.
    let foreign: Set<ProcessIdentity>
    /// Whom a process was last found to belong to, so that it stays theirs when it changes session and environment.
    var known: [ProcessIdentity: String] = [:]
    /// The instances there are.
    var instances: [String: Instance] = [:]

    struct Instance: Sendable {
        var main: ProcessIdentity?
        /// An earlier daemon's: it is not below this one.
        var isLeftover: Bool
    }

    /// The running members of every instance.
    func members(in table: ProcessTable) -> [String: [ProcessStatus]] {
        let owned = attribute(table)
        var members: [String: [ProcessStatus]] = [:]
        for process in table.all where !process.isZombie {
            if let id = owned[process.pid] { members[id, default: []].append(process) }
        }
        return members
    }

    /// The instance of each process that has one.
    func attribute(_ table: ProcessTable) -> [Int32: String] {
        let sessions = sessions()
        var owned: [Int32: String] = [:]
        // Parents come before their children, so one pass is enough.
        for process in table.descendants(of: getpid()) where !foreign.contains(process.identity) {
            owned[process.pid] =
                known[process.identity] ?? owned[process.parent] ?? sessions[process.session]
                ?? instanceNamed(inEnvironmentOf: process).flatMap { instances[$0] == nil ? nil : $0 }
        }
        attributeLeftovers(table, &owned)
        return owned
    }

    /// Whose session is whose. Of two main processes that had the same pid one after the other, the younger has it.
    private func sessions() -> [Int32: String] {
        var leaders: [Int32: (id: String, startTime: UInt64)] = [:]
        for (id, instance) in instances {
            guard let main = instance.main else { continue }
            if let other = leaders[main.pid], other.startTime > main.startTime { continue }
            leaders[main.pid] = (id, main.startTime)
        }
        return leaders.mapValues(\.id)
    }

    /// What an earlier daemon left is not below this one, so it is known by its environment alone, and what it forks by
    /// it.
    private func attributeLeftovers(_ table: ProcessTable, _ owned: inout [Int32: String]) {
        guard instances.values.contains(where: \.isLeftover) else { return }
        let below = Set(table.descendants(of: getpid()).map(\.pid))
        for process in table.all where !below.contains(process.pid) && process.pid != getpid() {
            guard let id = known[process.identity] ?? instanceNamed(inEnvironmentOf: process),
                instances[id]?.isLeftover == true
            else { continue }
            for member in [process] + table.descendants(of: process.pid) { owned[member.pid] = id }
        }
    }

    /// Of this stack, whether it is there or was an earlier daemon's.
    func instanceNamed(inEnvironmentOf process: ProcessStatus) -> String? {
        guard couldHaveStarted(process) else { return nil }
        let prefix = Array("\(ProcessTree.marker)=\(markerPrefix)".utf8)
        // An environment that cannot be read is not ours.
        let bytes = try? ProcFile.withBytes("/proc/\(process.pid)/environ") { span in
            span.withUnsafeBufferPointer { Array($0) }
        }
        guard let entry = bytes?.split(separator: 0).first(where: { $0.starts(with: prefix) }) else { return nil }
        return String(decoding: entry.dropFirst(prefix.count), as: UTF8.self)
    }

    /// Whether a daemon of this user can have started the process: root's starts them for every user.
    private func couldHaveStarted(_ process: ProcessStatus) -> Bool {
        let user = geteuid()
        if user == 0 { return true }
        var status = stat()
        return stat("/proc/\(process.pid)", &status) == 0 && status.st_uid == user
    }
}
