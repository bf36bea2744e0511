import Glibc
import LinuxRuntime
import StackModel
import SupervisorCore

/// The programs of the stack's revisions: which a revision was released with, and a copy of each that may be needed
/// again. It belongs to the loop's thread.
final class Executables {
    let resolver: RevisionResolver
    private let digests = FileDigests()
    let store: FileStore
    private let loop: EventLoop
    private let queue: EventQueue
    /// What each service may need again, and in which of its revisions.
    private var wanted: [ServiceName: [FileStore.Version: Set<Revision>]] = [:]
    private var isFlushScheduled = false
    /// Of what there is no copy, as was told.
    private var missing: Set<FileStore.Version> = []
    /// The revisions of which was told that a copy is executed.
    private var told: Set<Revision> = []
    /// Who has been started from a copy before it was known whether the file is another, by its path.
    private var undecided: [String: [ServiceSpec]] = [:]
    /// Files whose reading has come to nothing.
    private var unreadable: Set<String> = []

    init(
        _ configuration: DaemonConfiguration, launcher: Launcher, loop: EventLoop, queue: EventQueue
    ) throws(SystemError) {
        self.loop = loop
        self.queue = queue
        resolver = RevisionResolver(
            launcher: launcher, digests: digests,
            secrets: try KeyedHash.keyed(byFile: configuration.secretsKeyFile))
        store = try FileStore(directory: configuration.executablesDirectory, digests: digests, loop: loop)
        store.onReport = { [unowned self] in take($0) }
    }

    // MARK: What there is

    /// The stack with its services' programs and secrets known by their content, which their revisions tell, too.
    nonisolated(nonsending) func resolved(_ stack: StackSpec) async -> StackSpec {
        // On a thread that serves nobody: a disk may take its time.
        await withTaskExecutorPreference(globalConcurrentExecutor) { [resolver] in
            await Self.away { resolver.resolved(stack) }
        }
    }

    /// The programs as they are now, of those services whose program can be found and read.
    nonisolated(nonsending) func executables(of services: [ServiceSpec]) async -> [ServiceName: ExecutableFile] {
        await withTaskExecutorPreference(globalConcurrentExecutor) { [resolver] in
            await Self.away { resolver.executables(of: services) }
        }
    }

    @concurrent private static func away<Value: Sendable>(_ body: @Sendable () -> Value) async -> Value { body() }

    // MARK: What is kept

    /// Has there be a copy of the program of each of these revisions, and of none other of the service.
    func keep(_ service: ServiceName, _ revisions: [ServiceRevision]) {
        let versions = revisions.reduce(into: [FileStore.Version: Set<Revision>]()) { versions, revision in
            guard let file = revision.spec.executable else { return }
            versions[FileStore.Version(file), default: []].insert(revision.spec.revision)
        }
        guard wanted[service] ?? [:] != versions else { return }
        wanted[service] = versions.isEmpty ? nil : versions
        // Of a stack that starts, all services at once: what an earlier daemon has kept is not to be removed before it
        // is known that nobody wants it.
        guard !isFlushScheduled else { return }
        isFlushScheduled = true
        loop.schedule(after: .zero) { [weak self] in self?.flush() }
    }

    private func flush() {
        isFlushScheduled = false
        let versions = Set(wanted.values.flatMap(\.keys))
        missing.formIntersection(versions)
        told.formIntersection(wanted.values.flatMap { $0.values.joined() })
        unreadable.formIntersection(versions.map(\.path))
        store.keep(versions)
    }

    private func take(_ report: FileStore.Report) {
        switch report {
        case .kept(let version, _): missing.remove(version)
        case .notKept(let version, let why):
            guard missing.insert(version).inserted else { return }
            for service in wanted.keys.sorted() where wanted[service]?[version] != nil {
                let words = "once \(version.path) is another, there is no going back to what it is: \(why)"
                queue.post(.observed(.service(service), .degraded(words)))
            }
        case .read(let path):
            if digests.known(path) == .unread { unreadable.insert(path) } else { unreadable.remove(path) }
            for spec in undecided.removeValue(forKey: path) ?? [] {
                guard let version = spec.executable.map({ FileStore.Version($0) }) else { continue }
                if digests.known(path) != .digest(version.digest) { tell(spec, version) }
            }
        }
    }

    // MARK: What is executed

    /// The copy that is to be executed in place of the file that the command names; nil where that is still the one
    /// that the revision was released with. Costs a look at the file's inode.
    func path(for spec: ServiceSpec) throws(SpawnFailure) -> String? {
        // Where each replica has a program of its own, only the first one's is known.
        guard let file = spec.executable, spec.process.command.first?.isSameForAllReplicas == true else { return nil }
        let version = FileStore.Version(file)
        let known = digests.known(file.path)
        if known == .digest(version.digest) { return nil }
        if known == .unread { store.read(file.path) }
        guard let copy = store.copy(of: version) else { return try withoutCopy(known, file) }
        // Somebody may merely have touched it: its copy is right either way.
        if known == .unread { undecided[file.path, default: []].append(spec) } else { tell(spec, version) }
        return copy
    }

    /// Whether it can still be executed: the file itself, or a copy of it.
    func has(_ file: ExecutableFile) -> Bool {
        let version = FileStore.Version(file)
        return store.copy(of: version) != nil || digests.known(file.path) == .digest(version.digest)
    }

    private func withoutCopy(_ known: FileDigests.Known, _ file: ExecutableFile) throws(SpawnFailure) -> String? {
        switch known {
        // The spawn says so in its own words.
        case .none: return nil
        case .unread where unreadable.contains(file.path):
            throw SpawnFailure(
                program: EACCES, "\(file.path) was changed, and cannot be read to know whether it is another")
        case .unread:
            throw SpawnFailure(program: EAGAIN, "\(file.path) was changed, and is read to know whether it is another")
        case .digest:
            throw SpawnFailure(
                program: ESTALE, "\(file.path) is another program than this revision's, of which there is no copy")
        }
    }

    private func tell(_ spec: ServiceSpec, _ version: FileStore.Version) {
        guard told.insert(spec.revision).inserted else { return }
        let words =
            "\(version.path) is not the program of revision \(spec.revision) any more: a copy of that is executed"
        queue.post(.observed(.service(spec.name), .degraded(words)))
    }
}

extension FileStore.Version {
    init(_ file: ExecutableFile) {
        self.init(path: file.path, digest: FileDigest(file.digest))
    }
}

extension SpawnFailure {
    fileprivate init(program errno: Int32, _ message: String) {
        self.init(stage: "program", errno: errno, message: message)
    }
}

extension Template {
    /// Nothing of it is a replica's own.
    fileprivate var isSameForAllReplicas: Bool {
        parts.allSatisfy { part in
            switch part {
            case .text, .stateDirectory, .runDirectory, .serviceName, .listenerDescriptor, .secret: true
            case .replicaIndex, .port: false
            }
        }
    }
}
