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
            self.init(.noDaemon, error.description, advice: "\"stackctl up -d\" starts the stack")
        case .unreachable:
            self.init(.noDaemon, error.description, advice: "the stack may be another user's; see --socket")
        case .problem(let problem):
            let message = ([problem.detail] + problem.diagnostics).joined(separator: "\n")
            self.init(CommandStatus(problem.code), message, advice: Self.advice(for: problem.code))
        case .timedOut:
            self.init(.timedOut, error.description, advice: "try again; its log may tell what it is at")
        case .disconnected:
            self.init(.failed, error.description, advice: "\"stackctl up -d\" starts the stack again")
        case .unexpectedAnswer:
            self.init(.failed, error.description, advice: "are stackctl and stackd of the same version?")
        }
    }
}

extension CommandFailure {
    /// What to do about a request that was refused, where the refusal itself does not tell.
    private static func advice(for code: ControlProblem.Code) -> String? {
        switch code {
        case .forbidden: "its owner and root may; the file's \"control:\" section grants roles to others"
        case .planChanged: "\"stackctl plan\" shows what would be done now"
        case .invalidFile: "nothing that runs was touched; \"stackctl config\" checks the files"
        case .shuttingDown: "\"stackctl down\" waits until it is down, and \"stackctl up -d\" starts it again"
        case .tooManyConnections: "end some of the commands that follow output or events, and try again"
        case .notFound, .methodNotAllowed, .notAcceptable: "are stackctl and stackd of the same version?"
        case .internalError: "the daemon's log may tell more"
        default: nil
        }
    }
}

extension CommandStatus {
    /// The status for a request that the daemon refused.
    init(_ code: ControlProblem.Code) {
        switch code {
        case .noSuchService, .noSuchReplica: self = .noSuchService
        case .requestTimeout: self = .timedOut
        case .invalidFile: self = .invalidFile
        case .badRequest: self = .usage
        default: self = .failed
        }
    }
}
