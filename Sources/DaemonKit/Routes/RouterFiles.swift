import Glibc
import LinuxRuntime
import StackModel

/// The files that HAProxy reads, in a directory that only the daemon's user may enter, and HAProxy's own group.
struct RouterFiles {
    /// The run directory's own part for HAProxy: configurations, a socket for each instance, and that of its calls.
    let directory: String
    /// Nil where HAProxy runs as the daemon's own user.
    private let group: UInt32?

    /// A plan writes one too, which may never be carried out.
    private static let mostConfigurations = 64
    private var configurations: [String] = []
    /// Those that an HAProxy may be started with again.
    private var kept: Set<String> = []

    init(directory: String, group: UInt32? = nil) {
        self.directory = directory
        self.group = group
    }

    /// The path of a file with that configuration, named by its content. What is there already is left as it is.
    mutating func write(_ configuration: RouterConfiguration) throws(SystemError) -> String {
        try makeDirectory()
        try write(RouterConfiguration.waitScript, to: "\(directory)/\(RouterConfiguration.scriptName)")
        let text = configuration.text
        let path = "\(directory)/\(Revision(hashing: text)).cfg"
        try write(text, to: path)
        configurations.removeAll { $0 == path }
        configurations.append(path)
        while configurations.count > Self.mostConfigurations,
            let oldest = configurations.firstIndex(where: { $0 != path && !kept.contains($0) })
        {
            unlink(configurations.remove(at: oldest))
        }
        return path
    }

    /// None of these is removed, however many others are written.
    mutating func keep(_ paths: Set<String>) {
        kept = paths
    }

    func socket(of instance: UInt64) -> String { "\(directory)/\(instance).sock" }

    var callSocket: String { "\(directory)/\(RouterConfiguration.callSocket)" }

    /// In the run directory others may make files too, so the directory that is there may be a stranger's.
    private func makeDirectory() throws(SystemError) {
        guard mkdir(directory, 0o700) == 0 || errno == EEXIST else { throw .last("mkdir \(directory)") }
        let descriptor = try Descriptor.open(directory, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        var status = stat()
        try checkLibc(fstat(descriptor.number, &status), "stat \(directory)")
        let isShared = status.st_gid == group && status.st_mode & 0o077 == 0o010
        guard status.st_uid == geteuid(), isShared || status.st_mode & 0o077 == 0 else {
            throw SystemError(errno: EPERM, operation: "use \(directory), which others can enter")
        }
        guard let group, !isShared else { return }
        try checkLibc(fchown(descriptor.number, .max, group), "chown \(directory)")
        try checkLibc(fchmod(descriptor.number, 0o710), "chmod \(directory)")
    }

    private func write(_ text: String, to path: String) throws(SystemError) {
        guard access(path, F_OK) != 0 else { return }
        let draft = "\(directory)/draft"
        unlink(draft)
        let file = try Descriptor.open(draft, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file.number, $0.baseAddress, $0.count) }
            guard count >= 0 || errno == EINTR else { throw .last("write \(draft)") }
            rest = rest.dropFirst(max(0, count))
        }
        // Whole or not at all: HAProxy may be started at any moment.
        try checkLibc(rename(draft, path), "rename \(draft)")
    }
}
