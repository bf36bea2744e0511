import ControlProtocol
import Glibc
import LinuxRuntime
import StackModel

/// Turns a service's spec into what one replica's process is made of. It reads accounts, and changes nothing.
struct Launcher {
    /// What of the daemon's environment every instance gets; everything else is the stack file's to name.
    private static let inherited = [
        "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR",
    ]

    let stack: String
    let directory: String
    let paths: StackPaths
    let controlSocket: String
    private let base: LinuxRuntime.Environment

    init(_ configuration: DaemonConfiguration) {
        stack = configuration.stack.name
        directory = configuration.stack.directory
        paths = configuration.paths
        controlSocket = configuration.controlSocket
        var base = LinuxRuntime.Environment()
        for name in Self.inherited {
            if let value = configuration.environment[name] { base[name] = value }
        }
        self.base = base
    }

    /// What fills the holes of templates that are no instance's.
    func context(for replica: ReplicaID, ports: [String: UInt16] = [:]) -> Template.Context {
        Template.Context(
            stateDirectory: paths.stateDirectory, runDirectory: paths.runDirectory, replica: replica, ports: ports)
    }

    /// What fills those of an instance that has the spec's listeners.
    func context(for replica: ReplicaID, of spec: ServiceSpec, ports: [String: UInt16]) -> Template.Context {
        var context = context(for: replica, ports: ports)
        // SD_LISTEN_FDS_START of sd_listen_fds(3).
        for (listener, descriptor) in zip(spec.listeners, Int32(3)...) {
            context.descriptors[listener.name] = descriptor
        }
        return context
    }

    /// Which program is executed, with which arguments, and where.
    func command(of process: ProcessSpec, in context: Template.Context) -> SpawnRequest {
        var request = SpawnRequest(
            arguments: process.command.map { $0.filled(in: context) },
            environment: environment(of: process, in: context))
        request.workingDirectory = absolute(process.workingDirectory?.filled(in: context))
        return request
    }

    /// The main process of an instance, but for its descriptors.
    func request(for spec: ServiceSpec, in context: Template.Context) throws(SpawnError) -> SpawnRequest {
        let process = spec.process
        var request = command(of: process, in: context)
        request.umask = process.umask.map { UInt32($0) }
        request.limits = process.limits.map { LinuxRuntime.ResourceLimit($0) }
        request.nice = process.nice.map { Int32($0) }
        request.oomScoreAdjustment = process.oomScoreAdjustment.map { Int32($0) }
        request.noNewPrivileges = process.noNewPrivileges
        if let credentials = try credentials(of: process) {
            // The account's words come before the daemon's own, the file's before both.
            request.environment = withAccount(credentials, process, in: context)
            request.credentials = credentials
        }
        return request
    }

    private func credentials(of process: ProcessSpec) throws(SpawnError) -> Credentials? {
        guard process.user != nil || process.group != nil || !process.supplementaryGroups.isEmpty else { return nil }
        var credentials = try Accounts.credentials(user: process.user ?? String(geteuid()), group: process.group)
        for group in process.supplementaryGroups {
            let gid = try Accounts.group(group)
            if !credentials.groups.contains(gid) { credentials.groups.append(gid) }
        }
        return credentials
    }

    private func environment(of process: ProcessSpec, in context: Template.Context) -> LinuxRuntime.Environment {
        var environment = base
        addOwnVariables(to: &environment, process, in: context)
        return environment
    }

    private func withAccount(
        _ credentials: Credentials, _ process: ProcessSpec, in context: Template.Context
    ) -> LinuxRuntime.Environment {
        var environment = base
        if process.user != nil {
            for name in ["HOME", "USER", "LOGNAME", "SHELL"] { environment[name] = nil }
            credentials.setDefaults(in: &environment)
        }
        addOwnVariables(to: &environment, process, in: context)
        return environment
    }

    private func addOwnVariables(
        to environment: inout LinuxRuntime.Environment, _ process: ProcessSpec, in context: Template.Context
    ) {
        environment["STACKD_STACK"] = stack
        environment["STACKD_SERVICE"] = context.replica.service.text
        environment["STACKD_REPLICA"] = String(context.replica.index)
        environment["STACKD_SOCKET"] = controlSocket
        for (name, port) in context.ports.sorted(by: { $0.key < $1.key }) {
            environment[PortSpec.variableName(for: name)] = String(port)
        }
        for variable in process.environment { environment[variable.name] = variable.value.filled(in: context) }
    }

    /// Relative paths start from the stack's directory.
    func absolute(_ path: String?) -> String {
        guard let path else { return directory }
        return path.hasPrefix("/") ? path : "\(directory)/\(path)"
    }
}

extension LinuxRuntime.ResourceLimit {
    init(_ limit: StackModel.ResourceLimit) {
        self.init(
            Resource(limit.resource), soft: limit.soft ?? Self.unlimited, hard: limit.hard ?? Self.unlimited)
    }
}

extension LinuxRuntime.ResourceLimit.Resource {
    fileprivate init(_ resource: StackModel.ResourceLimit.Resource) {
        self =
            switch resource {
            case .addressSpace: .as
            case .core: .core
            case .cpu: .cpu
            case .data: .data
            case .fileSize: .fsize
            case .locks: .locks
            case .lockedMemory: .memlock
            case .messageQueues: .msgqueue
            case .nice: .nice
            case .openFiles: .nofile
            case .processes: .nproc
            case .residentSet: .rss
            case .realTimePriority: .rtprio
            case .realTimeMicroseconds: .rttime
            case .pendingSignals: .sigpending
            case .stack: .stack
            }
    }
}

extension SpawnFailure {
    init(_ error: SpawnError) {
        self.init(stage: error.stage.rawValue, errno: error.errno, message: error.description)
    }

    init(stage: String, _ error: SystemError) {
        self.init(stage: stage, errno: error.errno, message: error.description)
    }

    /// The host had no room, which says nothing about the service. What the program's own file says (a text file busy, a
    /// bad format) is not of that kind.
    var isTransient: Bool {
        stage != SpawnError.Stage.executable.rawValue && [EAGAIN, ENOMEM, EMFILE, ENFILE, ENOSPC].contains(errno)
    }
}
