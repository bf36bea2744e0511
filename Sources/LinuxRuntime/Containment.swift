/// What holds everything that one instance runs: its main process and all that it forked, wherever those went.
///
/// A pid is never signalled by its number: only through a pidfd that was checked to be the member that was meant.
public protocol Containment: AnyObject {
    /// The instance's name, as given to `make`.
    var id: String { get }

    /// Puts into a request what makes the process be born inside.
    func prepare(_ request: inout SpawnRequest)

    /// Says which process was spawned by the prepared request and is not yet reaped.
    func started(pid: Int32) throws(SystemError)

    /// Says which further process was spawned by a request that was prepared, and is not yet reaped.
    func joined(pid: Int32) throws(SystemError)

    /// The pids of the processes inside, by a look at this moment.
    func members() throws(SystemError) -> [Int32]

    /// Whether nothing runs inside at this moment. A process that has ended but was not reaped does not run.
    func isEmpty() throws(SystemError) -> Bool

    /// Whether a process is inside at this moment.
    func contains(pid: Int32) -> Bool

    /// Makes the kernel enforce these limits from now on, and no others: before anything runs inside, and while it
    /// does. Gives back those that do not hold.
    func limit(to limits: ControlGroupLimits) -> [UnenforcedLimit]

    /// How many processes inside the kernel has killed for want of memory: while something runs, and until `remove`.
    /// Nil where the host does not tell.
    func outOfMemoryKills() -> OutOfMemoryKills?

    /// Sends a signal to every process inside.
    func signalAll(_ signal: Int32) throws(SystemError)

    /// Ends every process inside, and those that they fork meanwhile.
    func killAll() throws(SystemError)

    /// Calls `action` once, on the loop and never from within this call, as soon as `isEmpty`. A later call takes the
    /// place of an earlier one.
    func onEmpty(_ action: @escaping () -> Void) throws(SystemError)

    /// Gives back what the kernel keeps for it, now or as soon as it is empty. Nothing else is called afterwards.
    func remove() throws(SystemError)
}

extension Containment {
    /// The kernel knows.
    public func joined(pid: Int32) {}

    /// Without a cgroup, nothing is enforced.
    public func limit(to limits: ControlGroupLimits) -> [UnenforcedLimit] { UnenforcedLimit.all(of: limits) }

    /// Without a cgroup, nobody counts.
    public func outOfMemoryKills() -> OutOfMemoryKills? { nil }
}

/// Makes the containments of one stack.
public protocol ContainmentMaker: AnyObject {
    /// A new, empty containment; `id` is a file name that no other containment of the stack has.
    func make(_ id: String) throws(SystemError) -> any Containment

    /// The containments that an earlier daemon of the same stack left behind.
    func leftovers() throws(SystemError) -> [any Containment]

    /// The resources that cannot be limited here, and why.
    var unenforceable: [UnenforcedLimit] { get }

    /// Begins to find out what is used in the containments of these names. The rest is done by calling what it gives
    /// back, from any thread, for it takes up to 0.1 ms for each: the answers are in the order of the names, nil where
    /// there is none.
    func sampleUsage(of ids: [String], _ detail: UsageDetail) -> @Sendable () -> [Usage?]

    /// Ends what escaped from every containment, and gives back what the stack as a whole holds. To be called when all
    /// its containments were removed; calls `completion` on the loop, never from within this call.
    func finish(_ completion: @escaping () -> Void)
}

extension ContainmentMaker {
    /// Without cgroups, nothing is enforced.
    public var unenforceable: [UnenforcedLimit] {
        LimitedResource.allCases.map { UnenforcedLimit($0, because: "no cgroup") }
    }
}
