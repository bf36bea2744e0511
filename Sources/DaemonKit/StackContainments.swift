import LinuxRuntime

/// The best containment that the host allows: a cgroup for each instance, else the tree of its processes.
struct StackContainments {
    let maker: any ContainmentMaker
    /// Why there are no cgroups, where there are none.
    let fallbackReason: String?

    init(stack: String, loop: EventLoop) throws(SystemError) {
        guard let mount = ControlGroupMount.find() else {
            maker = try ProcessTree(stack: stack, loop: loop)
            fallbackReason = "the host has no cgroup v2 hierarchy that this process can see"
            return
        }
        do throws(SystemError) {
            maker = try ControlGroups(stack: stack, mount: mount, loop: loop)
            fallbackReason = nil
        } catch {
            maker = try ProcessTree(stack: stack, loop: loop)
            fallbackReason = error.description
        }
    }
}
