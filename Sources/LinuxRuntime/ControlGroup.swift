import CLinux
import Glibc

/// One instance's cgroup: the kernel itself keeps account of what runs inside.
public final class ControlGroup: Containment {
    public let id: String

    private let parent: ControlGroups
    private let accounts: ControlGroupAccounts
    private var limits: LimitFiles
    /// cgroup.events, once it was read.
    private var events: Descriptor?
    private var registration: EventLoop.Registration?
    private var emptyAction: (() -> Void)?
    private var isRemoving = false

    /// Opens an instance's directory, which `isNew` or an earlier daemon's.
    init(id: String, parent: ControlGroups, isNew: Bool) throws(SystemError) {
        self.id = id
        self.parent = parent
        let directory = try Descriptor.open(id, flags: O_RDONLY | O_DIRECTORY, in: parent.handle.number)
        accounts = ControlGroupAccounts(directory, parent.accountFiles, isNew: isNew)
        limits = LimitFiles(present: isNew ? ControlGroupLimits() : nil)
        parent.enter(accounts, id: id)
    }

    deinit {
        parent.leave(accounts, id: id)
        if let registration { parent.loop.deregister(registration) }
    }

    /// The cgroup's directory, for its files of accounts and limits.
    public var path: String { "\(parent.directory)/\(id)" }

    public func prepare(_ request: inout SpawnRequest) {
        request.cgroup = accounts.directory.number
    }

    public func started(pid: Int32) {}

    public func members() throws(SystemError) -> [Int32] { try ControlGroup.members(of: accounts.directory) }

    static func members(of directory: borrowing Descriptor) throws(SystemError) -> [Int32] {
        var pids: [Int32] = []
        try forEachGroup(in: directory) { (group) throws(SystemError) in
            do throws(SystemError) {
                let text = try ProcFile.text("cgroup.procs", in: group.number)
                pids += text.split(separator: "\n").compactMap { Int32($0) }
            } catch  where error.errno == ENODEV || error.errno == EOPNOTSUPP {
                // One that was removed meanwhile, or a group of threads, whose processes its parent lists.
            }
        }
        return pids
    }

    public func isEmpty() throws(SystemError) -> Bool {
        // Whether a process that can be reaped still counts differs between kernels; it is never listed.
        if try !isPopulated() { return true }
        return try members().isEmpty
    }

    public func contains(pid: Int32) -> Bool {
        guard let text = try? ProcFile.text("/proc/\(pid)/cgroup") else { return false }
        return text.split(separator: "\n").contains { line in
            guard line.hasPrefix("0::") else { return false }
            let components = line.split(separator: "/", omittingEmptySubsequences: false)
            return zip(components, components.dropFirst()).contains { $0 == parent.name && $1 == id }
        }
    }

    public func limit(to limits: ControlGroupLimits) -> [UnenforcedLimit] {
        let unenforced = self.limits.write(limits, in: accounts.directory.number)
        parent.reserve(limits.memoryLow, for: id)
        return unenforced
    }

    public func outOfMemoryKills() -> OutOfMemoryKills? { accounts.outOfMemoryKills() }

    public func signalAll(_ signal: Int32) throws(SystemError) {
        _ = try signalMembers(signal, except: [])
    }

    public func killAll() throws(SystemError) {
        do throws(SystemError) {
            try ProcFile.write("1", to: "cgroup.kill", in: accounts.directory.number)
        } catch {
            // Linux 5.14 and later have the file. Before, members are killed one by one until no new one is found;
            // whatever escapes even that is found by the next call.
            guard error.errno == ENOENT else { throw error }
            try killMembers()
        }
    }

    /// Kills members one by one, round by round; a bound on the rounds keeps a fork bomb from holding the loop.
    func killMembers() throws(SystemError) {
        var signalled: Set<Int32> = []
        for _ in 0..<32 {
            let found = try signalMembers(SIGKILL, except: signalled)
            if found.isEmpty { return }
            signalled.formUnion(found)
        }
    }

    private func signalMembers(_ signal: Int32, except known: Set<Int32>) throws(SystemError) -> [Int32] {
        var found: [Int32] = []
        for pid in try members() where !known.contains(pid) {
            // The pid may have gone to a stranger since it was listed. If the one that has it now is inside, then the
            // descriptor opened before that look is that member, or one that has ended.
            let pidfd = clinux_pidfd_open(pid)
            guard pidfd >= 0 else { continue }
            let process = Descriptor(owning: pidfd)
            guard contains(pid: pid) else { continue }
            _ = clinux_pidfd_send_signal(process.number, signal)
            found.append(pid)
        }
        return found
    }

    // MARK: Emptiness

    public func onEmpty(_ action: @escaping () -> Void) throws(SystemError) {
        emptyAction = action
        try watchEvents()
    }

    public func remove() throws(SystemError) {
        isRemoving = true
        emptyAction = nil
        try removeNow()
    }

    private func removeNow() throws(SystemError) {
        do throws(SystemError) {
            try ControlGroup.removeGroups(named: id, in: parent.handle)
            stopWatching()
        } catch {
            guard error.errno == EBUSY else { throw error }
            // Something runs inside. The event keeps `self` alive until it has come.
            try watchEvents()
        }
    }

    /// Waits for cgroup.events to change, which poll reports as priority data once the file has been read.
    private func watchEvents() throws(SystemError) {
        if registration == nil {
            registration = try parent.loop.register(try openEvents(), for: .priority) { _ in self.eventsChanged() }
        }
        // The change may already lie behind us: look, but answer from the loop.
        if try !isPopulated() { parent.loop.schedule(after: .zero) { self.eventsChanged() } }
    }

    private func stopWatching() {
        if let registration { parent.loop.deregister(registration) }
        registration = nil
        events = nil
    }

    private func eventsChanged() {
        // A directory that somebody else removed cannot be read, and holds nothing.
        guard registration != nil, (try? isPopulated()) != true else { return }
        if isRemoving {
            // Fails only if it was filled again, which the next event tells.
            try? removeNow()
            return
        }
        stopWatching()
        let action = emptyAction
        emptyAction = nil
        action?()
    }

    /// The descriptor of cgroup.events.
    private func openEvents() throws(SystemError) -> Int32 {
        if let number = events?.number { return number }
        let file = try Descriptor.open("cgroup.events", flags: O_RDONLY, in: accounts.directory.number)
        let number = file.number
        events = consume file
        return number
    }

    private func isPopulated() throws(SystemError) -> Bool {
        let number = try openEvents()
        var buffer: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0, 0, 0)
        return try withUnsafeMutableBytes(of: &buffer) { (bytes) throws(SystemError) in
            let count = pread(number, bytes.baseAddress, bytes.count, 0)
            if count < 0 { throw SystemError.last("read \(path)/cgroup.events") }
            return String(decoding: bytes[0..<count], as: UTF8.self).contains("populated 1")
        }
    }

    // MARK: Groups that the instance made inside its own

    static func forEachGroup(
        in directory: borrowing Descriptor, depth: Int = 0, _ body: (borrowing Descriptor) throws(SystemError) -> Void
    ) throws(SystemError) {
        try body(directory)
        guard depth < 32 else { return }
        for name in try ProcFile.directories(in: directory) {
            // One that is gone by now held nothing.
            if let child = try? Descriptor.open(name, flags: O_RDONLY | O_DIRECTORY, in: directory.number) {
                try forEachGroup(in: child, depth: depth + 1, body)
            }
        }
    }

    /// Removes a cgroup, deepest descendants first; one that is gone already is as good as removed.
    private static func removeGroups(
        named name: String, in directory: borrowing Descriptor, depth: Int = 0
    ) throws(SystemError) {
        if unlinkat(directory.number, name, AT_REMOVEDIR) == 0 || errno == ENOENT { return }
        let refusal = SystemError.last("rmdir \(name)")
        guard refusal.errno == EBUSY, depth < 32 else { throw refusal }
        let group = try Descriptor.open(name, flags: O_RDONLY | O_DIRECTORY, in: directory.number)
        let children = try ProcFile.directories(in: group)
        guard !children.isEmpty else { throw refusal }
        for child in children { try removeGroups(named: child, in: group, depth: depth + 1) }
        if unlinkat(directory.number, name, AT_REMOVEDIR) != 0 { throw SystemError.last("rmdir \(name)") }
    }
}
