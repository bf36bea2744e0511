import CLinux
import Glibc

/// Starts processes: see CLinux/spawn.c for how, `SpawnRequest` for what.
///
/// One spawner serves one thread. It keeps what every spawn needs: the child's stack, /dev/null, low descriptor
/// numbers, and memory for vectors.
public final class Spawner {
    private static let stackSize = 64 * 1024

    /// Limits that every child gets unless its request says otherwise: those that the caller changed for itself.
    public var defaultLimits: [ResourceLimit]

    private let stack: UnsafeMutableRawPointer
    private let null: Descriptor
    /// Duplicates of `null`, as low as they were to be had when the spawner was made: so it is to be made early. They
    /// suffice for the standard streams and 13 listeners; a child with more is given a copy of the whole table.
    private let slots: InlineArray<16, Descriptor>
    private var arena = SpawnArena()

    /// Makes a spawner.
    public init(defaultLimits: [ResourceLimit] = []) throws(SystemError) {
        self.defaultLimits = defaultLimits
        let null = try Descriptor.open("/dev/null", flags: O_RDWR)
        slots = try InlineArray { _ throws(SystemError) in try null.duplicate(from: 3) }
        self.null = null
        guard let stack = clinux_map_stack(Spawner.stackSize) else {
            throw SystemError(errno: ENOMEM, operation: "map the stack of spawned processes")
        }
        self.stack = stack
    }

    deinit {
        clinux_unmap_stack(stack, Spawner.stackSize)
    }

    /// Starts a process; returns when it runs its program, throws when it could not and is gone again.
    public func spawn(_ request: SpawnRequest) throws(SpawnError) -> SpawnedProcess {
        defer { arena.reset() }
        var order = prepare(request)
        let pid = clinux_spawn(&order, stack, Spawner.stackSize)
        guard pid > 0 else { throw failure(of: request, order) }
        return SpawnedProcess(pid: pid, pidfd: Descriptor(owning: order.pidfd))
    }

    // MARK: Translation for C

    private func prepare(_ request: SpawnRequest) -> clinux_spawn {
        var order = CLinux.clinux_spawn()
        order.paths = constants(arena.vector(request.candidates))
        order.argv = arena.vector(request.arguments)
        setEnvironment(of: request, in: &order)
        order.working_directory = request.workingDirectory.map { UnsafePointer(arena.string($0)) }
        order.oom_score = request.oomScoreAdjustment.map { UnsafePointer(arena.string(String($0))) }

        let standard = [request.standardInput, request.standardOutput, request.standardError]
        let sources = standard.map { $0 ?? null.number } + request.listen.map(\.descriptor)
        order.sources = arena.array(sources)
        order.source_count = Int32(sources.count)
        order.slots = UnsafePointer(arena.array(slots.indices.map { slots[$0].number }))
        order.slot_count = Int32(slots.count)
        order.slot_filler = null.number

        let limits = limits(of: request)
        order.limits = UnsafePointer(arena.array(limits))
        order.limit_count = limits.count
        setIdentity(of: request, in: &order)

        order.cgroup = request.cgroup ?? -1
        order.session = request.session.constant
        order.controlling_terminal = request.takesTerminal ? 1 : 0
        order.umask = request.umask.map { Int32(bitPattern: $0 & 0o777) } ?? -1
        order.death_signal = request.deathSignal ?? -1
        order.nice = request.nice ?? 0
        order.set_nice = request.nice == nil ? 0 : 1
        order.no_new_privileges = request.noNewPrivileges ? 1 : 0
        return order
    }

    private func setEnvironment(of request: SpawnRequest, in order: inout clinux_spawn) {
        var environment = request.environment
        // Never one's own: a socket protocol between the caller and whoever started it.
        for name in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"] { environment[name] = nil }
        if !request.listen.isEmpty {
            environment["LISTEN_FDS"] = String(request.listen.count)
            environment["LISTEN_FDNAMES"] = request.listen.map(\.name).joined(separator: ":")
        }
        let vector = arena.vector(environment.entries, spare: 1)
        if !request.listen.isEmpty {
            let prefix = "LISTEN_PID="
            let entry = arena.string(prefix, spare: 11)
            vector[environment.entries.count] = entry
            order.listen_pid = entry + prefix.utf8.count
        }
        order.envp = vector
    }

    private func setIdentity(of request: SpawnRequest, in order: inout clinux_spawn) {
        order.uid = -1
        order.gid = -1
        // An ordinary user may name himself, but may not make the calls that would change nothing.
        guard let credentials = request.credentials, !credentials.isCallers else { return }
        order.groups = UnsafePointer(arena.array(credentials.groups))
        order.group_count = credentials.groups.count
        order.set_groups = 1
        order.gid = Int64(credentials.gid)
        order.uid = Int64(credentials.uid)
    }

    private func limits(of request: SpawnRequest) -> [clinux_limit] {
        let defaults = defaultLimits.filter { limit in !request.limits.contains { $0.resource == limit.resource } }
        return (defaults + request.limits).map { limit in
            clinux_limit(resource: limit.resource.rawValue, soft: limit.soft, hard: limit.hard)
        }
    }

    private func constants(
        _ vector: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    ) -> UnsafePointer<UnsafePointer<CChar>?> {
        UnsafeRawPointer(vector).assumingMemoryBound(to: UnsafePointer<CChar>?.self)
    }
}

extension SpawnRequest.Session {
    fileprivate var constant: clinux_session {
        switch self {
        case .inherited: CLINUX_SESSION_INHERIT
        case .new: CLINUX_SESSION_NEW
        case .newGroup: CLINUX_SESSION_GROUP
        }
    }
}
