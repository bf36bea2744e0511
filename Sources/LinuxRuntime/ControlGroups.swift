import Glibc

/// The cgroups of one stack: `stackd-NAME/INSTANCE` below the daemon's own cgroup.
///
/// The daemon stays outside of them. So its unit can be delegated (Delegate=yes), and controllers can be enabled for
/// the instances: a cgroup with controllers for its children may hold no process itself.
public final class ControlGroups: ContainmentMaker {
    /// The directory that holds the instances' directories.
    public let directory: String

    /// The last component of `directory`.
    let name: String
    let loop: EventLoop
    private(set) var handle: Descriptor
    /// Of the instances' cgroups.
    private(set) var accounts: [String: ControlGroupAccounts] = [:]
    let accountFiles = AccountFiles()
    /// The memory that is kept for instances.
    private var reservations: [String: UInt64] = [:]

    /// Makes or finds the stack's directory. Throws where the caller may not make cgroups or move processes into them.
    public init(stack: String, mount: ControlGroupMount, loop: EventLoop) throws(SystemError) {
        name = "stackd-\(stack)"
        directory = "\(mount.ownDirectory)/\(name)"
        self.loop = loop
        // To be born in another cgroup needs the right to write cgroup.procs of the nearest common ancestor.
        let shared = "\(mount.ownDirectory)/cgroup.procs"
        try checkLibc(access(shared, W_OK), "write \(shared)")
        handle = try ControlGroups.openOrMake(directory)
    }

    private static func openOrMake(_ directory: String) throws(SystemError) -> Descriptor {
        if mkdir(directory, 0o755) != 0, errno != EEXIST { throw SystemError.last("mkdir \(directory)") }
        ControlGroupMount.handOnControllers(of: directory)
        return try Descriptor.open(directory, flags: O_RDONLY | O_DIRECTORY)
    }

    public func make(_ id: String) throws(SystemError) -> any Containment {
        do throws(SystemError) {
            return try makeGroup(id)
        } catch {
            // Someone has tidied up while nothing ran: the stack's directory is made again, once.
            guard error.errno == ENOENT else { throw error }
            handle = try ControlGroups.openOrMake(directory)
            return try makeGroup(id)
        }
    }

    private func makeGroup(_ id: String) throws(SystemError) -> ControlGroup {
        try checkLibc(mkdirat(handle.number, id, 0o755), "mkdir \(directory)/\(id)")
        do throws(SystemError) {
            return try ControlGroup(id: id, parent: self, isNew: true)
        } catch {
            unlinkat(handle.number, id, AT_REMOVEDIR)
            throw error
        }
    }

    public func leftovers() throws(SystemError) -> [any Containment] {
        var groups: [any Containment] = []
        for name in try ProcFile.directories(in: handle).sorted() {
            if let group = try? ControlGroup(id: name, parent: self, isNew: false) { groups.append(group) }
        }
        return groups
    }

    public func finish(_ completion: @escaping () -> Void) {
        // Nothing escapes from a cgroup. A directory that is still there costs nothing, and the next daemon uses it
        // again.
        rmdir(directory)
        loop.schedule(after: .zero, completion)
    }

    public var unenforceable: [UnenforcedLimit] { LimitFiles.unenforceable(inChildrenOf: handle.number) }

    // MARK: For the groups

    func enter(_ group: ControlGroupAccounts, id: String) {
        accounts[id] = group
    }

    /// Another of the name may have come meanwhile.
    func leave(_ group: ControlGroupAccounts, id: String) {
        guard accounts[id] === group else { return }
        accounts[id] = nil
        reserve(nil, for: id)
    }

    /// What the kernel keeps for a cgroup is at most what it keeps for the one above: so the stack has the sum.
    func reserve(_ bytes: UInt64?, for id: String) {
        guard reservations[id] != bytes else { return }
        reservations[id] = bytes
        let sum = reservations.values.reduce(0) { $0.addingReportingOverflow($1).overflow ? .max : $0 + $1 }
        try? ProcFile.write(String(sum), to: "memory.low", in: handle.number)
    }
}
