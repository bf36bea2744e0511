import CLinux

extension Containment {
    /// Sends a signal to those inside that are in the session of a process that the caller has not reaped.
    public func signal(_ signal: Int32, session: Int32) throws(SystemError) {
        for pid in try members() {
            // One that has ended since it was listed needs no signal.
            guard let status = try? ProcessStatus.of(pid: pid), status.session == session,
                let pidfd = try? status.identity.open()
            else { continue }
            _ = clinux_pidfd_send_signal(pidfd.number, signal)
        }
    }
}
