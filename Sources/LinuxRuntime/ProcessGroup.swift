import CLinux
import Glibc

/// One instance's processes as `ProcessTree` finds them.
public final class ProcessGroup: Containment {
    public let id: String

    private let tree: ProcessTree
    private var signals: [Int32] = []
    /// Set once it is to be killed: each further look kills what it finds, until there is nothing.
    private var isKilling = false
    private var isRemoving = false
    private var emptyAction: (() -> Void)?
    /// One of the members that are waited for; when it ends, there is something new to see.
    private var awaited: Descriptor?
    private var registration: EventLoop.Registration?

    init(id: String, tree: ProcessTree) {
        self.id = id
        self.tree = tree
    }

    deinit {
        if let registration { tree.loop.deregister(registration) }
    }

    public func prepare(_ request: inout SpawnRequest) {
        request.session = .new
        request.environment[ProcessTree.marker] = tree.marker(of: id)
    }

    public func started(pid: Int32) throws(SystemError) {
        tree.lead(try ProcessIdentity.of(pid: pid), self)
    }

    public func joined(pid: Int32) throws(SystemError) {
        tree.own(try ProcessIdentity.of(pid: pid), by: self)
    }

    public func members() throws(SystemError) -> [Int32] { try tree.look()[id]?.map(\.pid) ?? [] }

    public func isEmpty() throws(SystemError) -> Bool { try members().isEmpty }

    public func contains(pid: Int32) -> Bool {
        if let owner = tree.knownOwner(ofPID: pid) { return owner == id }
        return (try? members().contains(pid)) ?? false
    }

    public func signalAll(_ signal: Int32) {
        signals.append(signal)
        tree.scheduleLook()
    }

    public func killAll() {
        isKilling = true
        tree.scheduleLook()
    }

    public func onEmpty(_ action: @escaping () -> Void) {
        emptyAction = action
        tree.scheduleLook()
    }

    public func remove() {
        isRemoving = true
        emptyAction = nil
        tree.scheduleLook()
    }

    /// Does what was asked for since the last look.
    func act(on members: [ProcessStatus]) {
        for signal in signals { send(signal, to: members) }
        signals = []
        if isKilling { send(SIGKILL, to: members) }
        guard isKilling || isRemoving || emptyAction != nil else { return }
        guard members.isEmpty else {
            awaitEnd(ofOneOf: members)
            return
        }
        stopAwaiting()
        isKilling = false
        if isRemoving { tree.forget(self) }
        let action = emptyAction
        emptyAction = nil
        action?()
    }

    private func send(_ signal: Int32, to members: [ProcessStatus]) {
        for member in members {
            // One that has ended since the look needs no signal.
            guard let pidfd = try? member.identity.open() else { continue }
            _ = clinux_pidfd_send_signal(pidfd.number, signal)
        }
    }

    private func awaitEnd(ofOneOf members: [ProcessStatus]) {
        stopAwaiting()
        for member in members {
            guard let pidfd = try? member.identity.open() else { continue }
            registration = try? tree.loop.register(pidfd.number, for: .readable) { [unowned self] _ in
                stopAwaiting()
                tree.scheduleLook()
            }
            awaited = consume pidfd
            if registration != nil { return }
        }
        // All of them have ended meanwhile, or no descriptor was to be had.
        tree.loop.schedule(after: .milliseconds(10)) { [weak tree] in tree?.scheduleLook() }
    }

    private func stopAwaiting() {
        if let registration { tree.loop.deregister(registration) }
        registration = nil
        awaited = nil
    }
}
