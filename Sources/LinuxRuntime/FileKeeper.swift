import CLinux
import Glibc

/// The thread's side of `FileStore`: makes copies, and removes them.
///
/// A copy is at DIRECTORY/DIGEST/NAME, so that a process that runs it is called by its program's name. What its file's
/// mode and owner allow its copy allows, but for writing and set-user-id; and as others can enter the directories and
/// not list them, one has to know the content to find it.
final class FileKeeper {
    private typealias Version = FileStore.Version

    private let directory: String
    private let digests: FileDigests
    private let report: (FileStore.Report) -> Void
    private var kept: [FileStore.Version: String] = [:]

    init(directory: String, digests: FileDigests, report: @escaping (FileStore.Report) -> Void) {
        self.directory = directory
        self.digests = digests
        self.report = report
    }

    func take(_ messages: [FileStore.Message]) {
        for message in messages {
            if case .read(let path) = message {
                _ = try? digests.digest(of: path)
                report(.read(path: path))
            }
        }
        // The latest tells what is wanted by now.
        let latest = messages.reversed().lazy.compactMap { message in
            if case .keep(let versions) = message { versions } else { nil }
        }.first
        if let latest { keep(latest) }
    }

    private func keep(_ versions: Set<Version>) {
        kept = kept.filter { versions.contains($0.key) }
        for version in versions.sorted(by: { ($0.path, $0.digest.description) < ($1.path, $1.digest.description) })
        where kept[version] == nil {
            do throws(SystemError) {
                let copy = try copy(version)
                kept[version] = copy
                report(.kept(version, at: copy))
            } catch {
                report(.notKept(version, why: error.description))
            }
        }
        prune()
    }

    // MARK: Copies

    private func copy(_ version: Version) throws(SystemError) -> String {
        try makeDirectory(directory)
        guard Self.allowsExecution(directory) else {
            throw SystemError(errno: EACCES, operation: "execute what is in \(directory), which is mounted noexec")
        }
        let source = try Descriptor.open(version.path, flags: O_RDONLY | O_NONBLOCK)
        var status = stat()
        try checkLibc(fstat(source.number, &status), "stat \(version.path)")
        guard status.st_mode & S_IFMT == S_IFREG else { throw changed(version) }
        let home = "\(directory)/\(Self.entry(of: version, owner: status.st_uid))"
        let name = version.path.split(separator: "/").last.map(String.init) ?? "program"
        let path = "\(home)/\(name)"
        // Of an earlier daemon, or of another path with the same content.
        if let present = try? Descriptor.open(path, flags: O_RDONLY | O_NOFOLLOW),
            try FileDigest.reading(present, path) == version.digest
        {
            return path
        }
        try makeDirectory(home)
        let draft = "\(directory)/draft"
        unlink(draft)
        do throws(SystemError) {
            try write(draft, from: source, status, as: version)
            try checkLibc(rename(draft, path), "rename \(draft)")
        } catch {
            unlink(draft)
            rmdir(home)
            throw error
        }
        return path
    }

    private func write(
        _ path: String, from source: borrowing Descriptor, _ status: stat, as version: Version
    ) throws(SystemError) {
        let target = try Descriptor.open(path, flags: O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
        try copyContent(of: source, to: target, path)
        guard try FileDigest.reading(target, path) == version.digest else { throw changed(version) }
        // Who may execute only what is his own is still to be able to. Only root can give files away.
        if geteuid() == 0 { try checkLibc(fchown(target.number, status.st_uid, status.st_gid), "chown \(path)") }
        try checkLibc(fchmod(target.number, status.st_mode & 0o555 | 0o400), "chmod \(path)")
        copyCapabilities(of: source, to: target)
    }

    private func copyContent(
        of source: borrowing Descriptor, to target: borrowing Descriptor, _ path: String
    ) throws(SystemError) {
        var refusal: Int32 = 0
        while true {
            let count = clinux_copy_range(source.number, target.number, 1 << 30)
            if count == 0 { return }
            guard count < 0 else { continue }
            refusal = Int32(-count)
            break
        }
        // Between two kinds of file systems, or from one that the kernel only pretends to have.
        guard [EXDEV, ENOSYS, EINVAL, EOPNOTSUPP].contains(refusal) else {
            throw SystemError(errno: refusal, operation: "write \(path)")
        }
        try withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 4096) { (buffer) throws(SystemError) in
            while let count = try source.read(into: buffer), count > 0 {
                var written = 0
                while written < count {
                    let step = Glibc.write(target.number, buffer.baseAddress.map { $0 + written }, count - written)
                    guard step >= 0 || errno == EINTR else { throw SystemError.last("write \(path)") }
                    written += max(step, 0)
                }
            }
        }
    }

    /// So that what may bind a low port without being root's still may. Who may not give it (an ordinary user) has a
    /// copy without.
    private func copyCapabilities(of source: borrowing Descriptor, to target: borrowing Descriptor) {
        let name = "security.capability"
        var value = [UInt8](repeating: 0, count: 64)
        let count = fgetxattr(source.number, name, &value, value.count)
        if count > 0 { _ = fsetxattr(target.number, name, value, count, 0) }
    }

    private func changed(_ version: Version) -> SystemError {
        SystemError(errno: ESTALE, operation: "copy \(version.path), which has another content by now")
    }

    // MARK: Directories

    /// One that others can enter, as services run as others, and not list.
    private func makeDirectory(_ path: String) throws(SystemError) {
        let mode: mode_t = geteuid() == 0 ? 0o711 : 0o700
        guard mkdir(path, mode) == 0 || errno == EEXIST else { throw SystemError.last("mkdir \(path)") }
        // Whatever the umask.
        try checkLibc(chmod(path, mode), "chmod \(path)")
    }

    /// The owner of a file may change its copy too, so none is shared with who does not own the same content.
    private static func entry(of version: Version, owner: uid_t) -> String {
        owner == geteuid() ? version.digest.description : "\(version.digest)-\(owner)"
    }

    /// ST_NOEXEC, which Glibc keeps for GNU programs.
    private static let noExecution: UInt = 8

    private static func allowsExecution(_ directory: String) -> Bool {
        var status = statvfs()
        return statvfs(directory, &status) != 0 || status.f_flag & Self.noExecution == 0
    }

    private func prune() {
        guard let root = try? Descriptor.open(directory, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW),
            let entries = try? ProcFile.names(in: root)
        else { return }
        let wanted = Set(kept.values)
        for entry in entries {
            let home = "\(directory)/\(entry)"
            guard let inner = try? Descriptor.open(home, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW) else {
                unlink(home)  // a draft of a daemon that was killed
                continue
            }
            for name in (try? ProcFile.names(in: inner)) ?? [] where !wanted.contains("\(home)/\(name)") {
                unlink("\(home)/\(name)")
            }
            rmdir(home)
        }
    }
}
