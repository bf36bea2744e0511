import ControlProtocol

/// How a replica's last process ended.
extension ReplicaDocument {
    /// Nothing of it runs, until somebody or its schedule starts it.
    var isAtRest: Bool {
        state == .scheduled ? pid == nil : hasEnded
    }

    /// `migrate/0 exited with status 3`
    var ending: String {
        guard let lastExit, state != .failed || lastExit.code != nil || lastExit.signal != nil else {
            return state == .failed ? line() : "\(name) has not run"
        }
        return "\(name) \(lastExit.words)"
    }

    /// What a command that was about this process exits with. What could not be started has failed all the same.
    var exitStatus: CommandStatus {
        guard let lastExit else { return state == .failed ? .failed : .done }
        let status = CommandStatus(lastExit)
        return state == .failed && status == .done ? .failed : status
    }
}

extension ExitDocument {
    /// `exited with status 3`, `was ended by SIGKILL`
    var words: String {
        if let code { return "exited with status \(code)" }
        return signal.map { "was ended by \($0)" } ?? "ended, exit status unknown"
    }
}
