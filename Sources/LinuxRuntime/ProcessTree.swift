import CLinux
import Glibc

/// Containment for those who may not make cgroups: the processes of an instance are found by what they inherit.
///
/// The daemon is a subreaper, so all that its instances fork stays below it in the process tree, and only those are
/// ever candidates. A process belongs to the instance of its parent; an orphan to the instance whose session it is in,
/// or else to the one that its environment names (STACKD_MARK). An orphan that left its session and cleared its
/// environment before anyone looked belongs to none: `strays` finds those, for the end of the stack.
///
/// A look at the tree reads all of /proc, so everything that needs one waits for the loop's next turn and shares it.
public final class ProcessTree: ContainmentMaker {
    /// The variable that names a process's instance, as "STACK:ID", or "STACK@SCOPE:ID" where there is a scope.
    public static let marker = "STACKD_MARK"

    let loop: EventLoop
    /// What every marker of this stack begins with.
    private let markerPrefix: String
    private let foreign: Set<ProcessIdentity>
    private var instances: [String: ProcessGroup] = [:]
    /// Whom a process was last found to belong to, so that it stays theirs when it changes session and environment.
    private var owners: [ProcessIdentity: String] = [:]
    private var isLookScheduled = false

    /// Makes the calling process a subreaper. Children that it has already are not the stack's.
    ///
    /// `scope` tells stacks of one name apart, and is the same for each daemon of one stack: its state directory.
    public init(stack: String, scope: String = "", loop: EventLoop) throws(SystemError) {
        self.loop = loop
        markerPrefix = scope.isEmpty ? "\(stack):" : "\(stack)@\(ProcessTree.hash(of: scope)):"
        try Exits.becomeSubreaper()
        foreign = Set(try ProcessTable.read().descendants(of: getpid()).map(\.identity))
    }

    public func make(_ id: String) throws(SystemError) -> any Containment {
        guard instances[id] == nil else { throw SystemError(errno: EEXIST, operation: "make instance \(id)") }
        let group = ProcessGroup(id: id, tree: self, isLeftover: false)
        instances[id] = group
        return group
    }

    public func leftovers() throws(SystemError) -> [any Containment] {
        let table = try ProcessTable.read()
        let below = Set(table.descendants(of: getpid()).map(\.pid))
        var ids: Set<String> = []
        for process in table.all where !below.contains(process.pid) && process.pid != getpid() {
            if let id = instanceNamed(inEnvironmentOf: process), instances[id] == nil { ids.insert(id) }
        }
        return ids.sorted().map { id in
            let group = ProcessGroup(id: id, tree: self, isLeftover: true)
            instances[id] = group
            return group
        }
    }

    /// Descendants that belong to no instance and were not there before the stack.
    func strays() throws(SystemError) -> [ProcessIdentity] {
        let table = try ProcessTable.read()
        let owned = attribute(table)
        var others: Set<Int32> = []
        return table.descendants(of: getpid()).compactMap { process in
            if foreign.contains(process.identity) || others.contains(process.parent) {
                others.insert(process.pid)
                return nil
            }
            return process.isZombie || owned[process.pid] != nil ? nil : process.identity
        }
    }

    public func finish(_ completion: @escaping () -> Void) {
        endStrays(rounds: 16, completion)
    }

    /// Kills strays until no new one is found; a bound on the rounds keeps a fork bomb from holding the daemon.
    private func endStrays(rounds: Int, _ completion: @escaping () -> Void) {
        guard rounds > 0, let strays = try? strays(), !strays.isEmpty else {
            loop.schedule(after: .zero, completion)
            return
        }
        let group = ProcessGroup(id: "", tree: self, isLeftover: false)  // the name of no instance
        instances[group.id] = group
        for stray in strays { own(stray, by: group) }
        group.killAll()
        group.onEmpty { [self] in
            forget(group)
            endStrays(rounds: rounds - 1, completion)
        }
    }

    // MARK: For the groups

    /// The value of the variable for an instance's processes.
    func marker(of id: String) -> String { markerPrefix + id }

    func forget(_ group: ProcessGroup) {
        instances[group.id] = nil
        owners = owners.filter { $0.value != group.id }
    }

    func own(_ process: ProcessIdentity, by group: ProcessGroup) {
        owners[process] = group.id
    }

    /// The group that a process was found to belong to, without a look at the whole tree.
    func knownOwner(ofPID pid: Int32) -> String? {
        (try? ProcessIdentity.of(pid: pid)).flatMap { owners[$0] }
    }

    /// The running members of every group, by a look at this moment.
    func look() throws(SystemError) -> [String: [ProcessStatus]] {
        let table = try ProcessTable.read()
        let owned = attribute(table)
        owners = owners.filter { table[$0.key.pid]?.identity == $0.key }
        var members: [String: [ProcessStatus]] = [:]
        for process in table.all where !process.isZombie {
            guard let id = owned[process.pid] else { continue }
            owners[process.identity] = id
            members[id, default: []].append(process)
        }
        return members
    }

    /// Makes all groups act on a common look in the loop's next turn.
    func scheduleLook() {
        guard !isLookScheduled else { return }
        isLookScheduled = true
        loop.schedule(after: .zero) { [weak self] in self?.lookAndAct() }
    }

    private func lookAndAct() {
        isLookScheduled = false
        // /proc is always there; if it cannot be read (EMFILE), the next look is taken a little later.
        guard let members = try? look() else {
            loop.schedule(after: .milliseconds(50)) { [weak self] in self?.scheduleLook() }
            return
        }
        // In the order of their names, because their actions may be seen.
        for (id, group) in instances.sorted(by: { $0.key < $1.key }) { group.act(on: members[id] ?? []) }
    }

    // MARK: Who belongs to whom

    private func attribute(_ table: ProcessTable) -> [Int32: String] {
        let sessions = sessions()
        var owned: [Int32: String] = [:]
        // Parents come before their children, so one pass is enough.
        for process in table.descendants(of: getpid()) where !foreign.contains(process.identity) {
            owned[process.pid] =
                owners[process.identity] ?? owned[process.parent] ?? sessions[process.session]
                ?? instanceNamed(inEnvironmentOf: process).flatMap { instances[$0]?.id }
        }
        attributeLeftovers(table, &owned)
        return owned
    }

    /// Whose session is whose. Of two main processes that had the same pid one after the other, the younger has it.
    private func sessions() -> [Int32: String] {
        var leaders: [Int32: ProcessGroup] = [:]
        for group in instances.values {
            guard let main = group.main else { continue }
            if let other = leaders[main.pid]?.main, other.startTime > main.startTime { continue }
            leaders[main.pid] = group
        }
        return leaders.mapValues(\.id)
    }

    /// What an earlier daemon left is not below this one, so it is known by its environment alone, and what it forks by
    /// it.
    private func attributeLeftovers(_ table: ProcessTable, _ owned: inout [Int32: String]) {
        guard instances.values.contains(where: \.isLeftover) else { return }
        let below = Set(table.descendants(of: getpid()).map(\.pid))
        for process in table.all where !below.contains(process.pid) && process.pid != getpid() {
            guard let id = owners[process.identity] ?? instanceNamed(inEnvironmentOf: process),
                instances[id]?.isLeftover == true
            else { continue }
            for member in [process] + table.descendants(of: process.pid) { owned[member.pid] = id }
        }
    }

    private func instanceNamed(inEnvironmentOf process: ProcessStatus) -> String? {
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

    /// Short, and the same in every daemon: FNV-1a (Fowler, Noll, Vo) of 64 bits.
    private static func hash(of text: String) -> String {
        let hash = text.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return String(hash, radix: 36)
    }
}
