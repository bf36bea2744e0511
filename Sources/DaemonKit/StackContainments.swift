import LinuxRuntime

/// The best containment that the host allows: a cgroup for each instance, else the tree of its processes.
struct StackContainments {
    let maker: any ContainmentMaker
    /// Why there are no cgroups, where there are none.
    let fallbackReason: String?
    /// On the stack's cgroup, which even daemons that have no directory in common would share.
    private let lock: StackLock?

    /// - Parameter scope: what tells the stack from others of its name, of other users say: its state directory.
    /// - Throws: `StackLockError` where the stack's cgroup is another daemon's.
    init(stack: String, scope: String, loop: EventLoop) throws {
        guard let mount = ControlGroupMount.find() else {
            maker = try ProcessTree(stack: stack, scope: scope, loop: loop)
            fallbackReason = "the host has no cgroup v2 hierarchy that this process can see"
            lock = nil
            return
        }
        let groups: ControlGroups
        do throws(SystemError) {
            try mount.makeRoomInUnit()
            groups = try ControlGroups(stack: stack, mount: mount, loop: loop)
        } catch {
            maker = try ProcessTree(stack: stack, scope: scope, loop: loop)
            fallbackReason = error.description
            lock = nil
            return
        }
        maker = groups
        fallbackReason = nil
        do {
            lock = try StackLock(stack: stack, directory: groups.directory)
        } catch is SystemError {
            // A kernel that cannot lock it: those of the stack's own directories must do.
            lock = nil
        }
    }
}
