import ControlClient
import ControlProtocol

/// Why a command did not do what it was asked to, in words for its user, and what to do next.
struct CommandFailure: Error, Hashable, Sendable {
    var status: CommandStatus
    var message: String
    var advice: String?

    init(_ status: CommandStatus, _ message: String, advice: String? = nil) {
        self.status = status
        self.message = message
        self.advice = advice
    }

    init(_ error: ControlClientError) {
        switch error {
        case .noDaemon:
            self.init(.noDaemon, error.description, advice: "start the stack with \"stackctl up -d\"")
        case .unreachable:
            self.init(.noDaemon, error.description, advice: "the stack may be another user's; see --socket")
        case .problem(let problem):
            self.init(CommandStatus(problem.code), problem.detail)
        case .timedOut:
            self.init(.timedOut, error.description)
        case .disconnected:
            self.init(.failed, error.description, advice: "\"stackctl up -d\" starts the stack again")
        case .unexpectedAnswer:
            self.init(.failed, error.description, advice: "are stackctl and stackd of the same version?")
        }
    }
}

extension CommandStatus {
    /// The status for a request that the daemon refused.
    init(_ code: ControlProblem.Code) {
        switch code {
        case .noSuchService, .noSuchReplica: self = .noSuchService
        case .requestTimeout: self = .timedOut
        default: self = .failed
        }
    }
}
