public import ControlProtocol
public import StackModel

/// What a client asks the daemon to do. Where services are listed, none means all.
public enum ControlCommand: Hashable, Sendable {
    /// Start them and all that they depend on.
    case start([ServiceName])
    /// Stop them, dependents before what they depend on. `grace`: how long each instance has to end; nil is its own
    /// grace period.
    case stop([ServiceName], grace: Duration? = nil)
    /// Replace their instances by new ones. `atOnce`: all are stopped, then started, without a rollout.
    case restart([ServiceName], grace: Duration? = nil, atOnce: Bool = false)
    /// The signal to the main process of the replica, or of every replica of the service.
    case signal(ServiceName, replica: Int?, Signal)
    case rollout(ServiceName, RolloutCommand)
    /// Stop everything, then end. `immediately`: without hooks, drains and grace.
    case shutdown(immediately: Bool, grace: Duration? = nil)
}

extension ControlCommand {
    /// - Throws: `bad_request` where the request asks for what the action does not have.
    init(
        _ action: ServiceAction, _ services: [ServiceName], _ request: ActionRequest
    ) throws(ControlProblem) {
        guard action != .start || request.grace == nil else {
            throw .badRequest("grace_seconds: nothing is ended by a start")
        }
        guard action == .restart || !request.atOnce else {
            throw .badRequest("at_once: only a restart can be by a rollout or at once")
        }
        let grace = request.grace?.duration
        self =
            switch action {
            case .start: .start(services)
            case .stop: .stop(services, grace: grace)
            case .restart: .restart(services, grace: grace, atOnce: request.atOnce)
            }
    }

    /// - Throws: `bad_request`.
    init(_ request: ShutdownRequest) throws(ControlProblem) {
        guard !request.immediately || request.grace == nil else {
            throw .badRequest("grace_seconds: who is to end immediately has no time for it")
        }
        self = .shutdown(immediately: request.immediately, grace: request.grace?.duration)
    }
}
