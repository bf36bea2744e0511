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
    private var owners: ProcessOwners
    private var instances: [String: ProcessGroup] = [:]
    private var isLookScheduled = false

    /// Makes the calling process a subreaper. Children that it has already are not the stack's.
    ///
    /// `scope` tells stacks of one name apart, and is the same for each daemon of one stack: its state directory.
    public init(stack: String, scope: String = "", loop: EventLoop) throws(SystemError) {
        self.loop = loop
        try Exits.becomeSubreaper()
        owners = ProcessOwners(
            markerPrefix: scope.isEmpty ? "\(stack):" : "\(stack)@\(ProcessTree.hash(of: scope)):",
            foreign: Set(try ProcessTable.read().descendants(of: getpid()).map(\.identity)))
    }

    public func make(_ id: String) throws(SystemError) -> any Containment {
        guard instances[id] == nil else { throw SystemError(errno: EEXIST, operation: "make instance \(id)") }
        return makeGroup(id, isLeftover: false)
    }

    private func makeGroup(_ id: String, isLeftover: Bool) -> ProcessGroup {
        let group = ProcessGroup(id: id, tree: self)
        instances[id] = group
        owners.instances[id] = ProcessOwners.Instance(isLeftover: isLeftover)
        return group
    }

    public func leftovers() throws(SystemError) -> [any Containment] {
        let table = try ProcessTable.read()
        let below = Set(table.descendants(of: getpid()).map(\.pid))
        var ids: Set<String> = []
        for process in table.all where !below.contains(process.pid) && process.pid != getpid() {
            if let id = owners.instanceNamed(inEnvironmentOf: process), instances[id] == nil { ids.insert(id) }
        }
        return ids.sorted().map { makeGroup($0, isLeftover: true) }
    }

    /// Descendants that belong to no instance and were not there before the stack.
    func strays() throws(SystemError) -> [ProcessIdentity] {
        let table = try ProcessTable.read()
        let owned = owners.attribute(table)
        var others: Set<Int32> = []
        return table.descendants(of: getpid()).compactMap { process in
            if owners.foreign.contains(process.identity) || others.contains(process.parent) {
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
        let group = makeGroup("", isLeftover: false)  // the name of no instance
        for stray in strays { own(stray, by: group) }
        group.killAll()
        group.onEmpty { [self] in
            forget(group)
            endStrays(rounds: rounds - 1, completion)
        }
    }

    // MARK: For the groups

    /// The value of the variable for an instance's processes.
    func marker(of id: String) -> String { owners.markerPrefix + id }

    func forget(_ group: ProcessGroup) {
        instances[group.id] = nil
        owners.instances[group.id] = nil
        owners.known = owners.known.filter { $0.value != group.id }
    }

    func own(_ process: ProcessIdentity, by group: ProcessGroup) {
        owners.known[process] = group.id
    }

    /// The process that has the group's session.
    func lead(_ process: ProcessIdentity, _ group: ProcessGroup) {
        owners.instances[group.id]?.main = process
        own(process, by: group)
    }

    /// The group that a process was found to belong to, without a look at the whole tree.
    func knownOwner(ofPID pid: Int32) -> String? {
        (try? ProcessIdentity.of(pid: pid)).flatMap { owners.known[$0] }
    }

    /// The running members of every group, by a look at this moment.
    func look() throws(SystemError) -> [String: [ProcessStatus]] {
        let table = try ProcessTable.read()
        let members = owners.members(in: table)
        owners.known = owners.known.filter { table[$0.key.pid]?.identity == $0.key }
        for (id, processes) in members {
            for process in processes { owners.known[process.identity] = id }
        }
        return members
    }

    /// The same, to be called from any thread; what it finds is not remembered.
    var distantLook: @Sendable () throws(SystemError) -> [String: [ProcessStatus]] {
        { [owners] () throws(SystemError) in owners.members(in: try ProcessTable.read()) }
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

    /// Short, and the same in every daemon: FNV-1a (Fowler, Noll, Vo) of 64 bits.
    private static func hash(of text: String) -> String {
        let hash = text.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return String(hash, radix: 36)
    }
}
