import ControlProtocol
import Glibc
import LinuxRuntime
import StackModel

extension DaemonConfiguration {
    /// Makes the stack's directories; to be called once, before the stack's locks are taken in them.
    ///
    /// Services of other users make their sockets in `run_dir` and may have directories of theirs in `state_dir`, so both
    /// can be entered where the daemon is root's; the run directory is then like /tmp, where everyone may write and
    /// nobody may remove what is another's. What the daemon has in there is made before anyone else can write there.
    /// - Throws: `EPERM` where somebody else could have put something into a directory.
    func makeDirectories() throws(SystemError) {
        let isRoot = geteuid() == 0
        if let verified = paths.directoryToVerify { try makeDirectory(verified, mode: 0o700) }
        try makeDirectories(upTo: paths.runDirectory)
        try makeDirectory(notifyDirectory, mode: isRoot ? 0o711 : 0o700)
        try makeDirectory(controlDirectory, mode: 0o700)
        try makeDirectory(paths.runDirectory, mode: isRoot ? 0o1777 : 0o700)
        try makeDirectory(paths.stateDirectory, mode: isRoot ? 0o755 : 0o700)
        try makeDirectory(logDirectory, mode: 0o750)
    }

    /// Takes the locks without which another daemon could run the same stack, under another socket or with only one of
    /// the two directories in common.
    func takeLocks() throws -> [StackLock] {
        // Not in the run directory itself, where everyone may write.
        try [paths.stateDirectory, controlDirectory].map { try StackLock(stack: stack.name, file: "\($0)/lock") }
    }

    private func makeDirectories(upTo path: String) throws(SystemError) {
        var made = ""
        for component in path.split(separator: "/") {
            made += "/\(component)"
            guard mkdir(made, 0o755) == 0 || errno == EEXIST else { throw SystemError.last("mkdir \(made)") }
        }
    }

    /// Makes the directory and those above it, verifies that it is this user's own, and sets its mode, whatever the
    /// umask. All through one descriptor, so that it is the verified directory that gets the mode.
    private func makeDirectory(_ path: String, mode: mode_t) throws(SystemError) {
        try makeDirectories(upTo: path)
        let directory = try Descriptor.open(path, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        var status = stat()
        try checkLibc(fstat(directory.number, &status), "stat \(path)")
        // The mode that it is to have is none that it must not have had.
        let forbidden = 0o022 & ~mode
        guard status.st_uid == geteuid(), status.st_mode & forbidden == 0 else {
            throw SystemError(
                errno: EPERM, operation: "use \(path), which is not this user's own or others can write to")
        }
        try checkLibc(fchmod(directory.number, mode), "chmod \(path)")
    }
}
