import ControlProtocol
import Glibc
import LinuxRuntime

extension DaemonConfiguration {
    /// Makes the stack's directories.
    ///
    /// Services of other users make their sockets in `run_dir` and may have directories of theirs in `state_dir`, so both
    /// can be entered where the daemon is root's; the run directory is then like /tmp, where everyone may write and
    /// nobody may remove what is another's.
    func makeDirectories() throws(SystemError) {
        let isRoot = geteuid() == 0
        if let verified = paths.directoryToVerify {
            try makeDirectory(verified, mode: 0o700)
            try verifyIsPrivate(verified)
        }
        try makeDirectory(paths.runDirectory, mode: isRoot ? 0o1777 : 0o700)
        try makeDirectory(notifyDirectory, mode: isRoot ? 0o711 : 0o700)
        try makeDirectory(paths.stateDirectory, mode: isRoot ? 0o755 : 0o700)
        try makeDirectory(logDirectory, mode: 0o750)
    }

    /// Makes the directory and those above it; the mode is that of the last one, whatever the umask.
    private func makeDirectory(_ path: String, mode: mode_t) throws(SystemError) {
        var made = ""
        for component in path.split(separator: "/") {
            made += "/\(component)"
            guard mkdir(made, 0o755) == 0 || errno == EEXIST else { throw SystemError.last("mkdir \(made)") }
        }
        guard chmod(path, mode) == 0 else { throw SystemError.last("chmod \(path)") }
    }

    /// In a place where everyone may write, somebody else may have made the directory first.
    private func verifyIsPrivate(_ path: String) throws(SystemError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { throw SystemError.last("stat \(path)") }
        guard status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid(), status.st_mode & 0o077 == 0 else {
            throw SystemError(errno: EPERM, operation: "use \(path), which is not this user's own")
        }
    }
}
