import ControlProtocol
import StackModel

/// What a foreground `up` decides, apart from what it does: each input changes the phase and yields actions.
struct AttachedState: Sendable {
    enum Phase: Hashable, Sendable {
        /// Services are on their way; next `running`, or `aborting` or `stopping` when asked to end.
        case starting
        /// Every service has arrived or failed; next `aborting` or `stopping`.
        case running
        /// This replica has ended, and the rest is being stopped for it, the daemon not yet, which is still to tell how
        /// they end; next `stopping`, or `killing` when interrupted.
        case aborting(ReplicaDocument)
        /// The stack is being stopped in order; next `killing` when asked once more.
        case stopping
        /// It is being ended at once.
        case killing
        /// Nothing more is to be done.
        case ended
    }

    enum Input: Sendable {
        case services([ServiceDocument])
        /// Ctrl-C, or SIGTERM.
        case interrupted
        /// The terminal is gone, or nobody reads the output any more.
        case hungUp
        /// What the services write cannot be passed on.
        case outputFailed(errno: Int32)
        /// With its exit status where it was this process's child.
        case daemonEnded(ExitStatus)
    }

    enum Action: Hashable, Sendable {
        /// Draw how far the services are.
        case showProgress(ProgressGoal)
        /// The live lines have done their duty and become text.
        case finishProgress
        /// Tell each change of a replica's state.
        case showChanges
        case say(String, Style)
        /// Stop every service, but not the daemon.
        case stopServices
        case shutdown(immediately: Bool)
        case finish(CommandStatus)
    }

    private(set) var phase = Phase.starting
    private let stack: String
    private let goal: ProgressGoal
    private let rule: AbortRule
    /// What a stop in order ends with.
    private var result = CommandStatus.done

    /// - Parameter goal: what the stack is on its way to.
    init(stack: String, goal: ProgressGoal = .running, rule: AbortRule) {
        self.stack = stack
        self.goal = goal
        self.rule = rule
    }

    mutating func take(_ input: Input) -> [Action] {
        switch input {
        case .services(let services): take(services)
        case .interrupted: interrupt()
        case .hungUp: hangUp()
        case .outputFailed(let errno): failOutput(errno)
        case .daemonEnded(let status): end(status)
        }
    }

    private mutating func take(_ services: [ServiceDocument]) -> [Action] {
        switch phase {
        case .starting:
            let progress = ServiceProgress.all(of: services, goal: goal)
            let isSettled = progress.allSatisfy { $0.standing == .reached || $0.standing == .failed }
            guard isSettled else { return [.showProgress(goal)] + endedForRule(services) }
            phase = .running
            return [.showProgress(goal), .finishProgress] + summary(of: progress, services) + endedByItself(services)
        case .running:
            return [.showChanges] + endedByItself(services)
        case .aborting(let cause):
            return [.showProgress(.stopped)] + aborted(for: cause, services)
        case .stopping, .killing:
            return [.showProgress(.stopped)]
        case .ended:
            return []
        }
    }

    private func summary(of progress: [ServiceProgress], _ services: [ServiceDocument]) -> [Action] {
        let rollouts = services.compactMap { service -> (service: String, failure: CommandFailure)? in
            goal.rolloutFailure(of: service).map { (service.name, $0) }
        }
        let unchanged = Set(rollouts.map(\.service))
        let failed = progress.filter { $0.standing == .failed && !unchanged.contains($0.service) }.map(\.service)
        let remarks = rollouts.map { Action.say($0.failure.message, .red) }
        guard let first = failed.first else {
            return remarks + (remarks.isEmpty ? [.say("\(stack) is ready", .green)] : [])
        }
        let names = failed.joined(separator: ", ")
        return remarks + [.say("\(stack) is up without \(names); \"stackctl explain \(first)\" tells why", .red)]
    }

    private mutating func endedForRule(_ services: [ServiceDocument]) -> [Action] {
        guard let cause = rule.cause(in: services) else { return [] }
        phase = .aborting(cause)
        let remark = Action.say("\(cause.ending); stopping \(stack)", cause.exitStatus == .done ? .bold : .red)
        return [.finishProgress, remark, .stopServices]
    }

    private mutating func aborted(for cause: ReplicaDocument, _ services: [ServiceDocument]) -> [Action] {
        guard services.allSatisfy(\.hasEnded) else { return [] }
        phase = .stopping
        result = rule.status(of: services, cause: cause)
        return [.shutdown(immediately: false)]
    }

    /// Where no service runs any more and none will, there is nothing left to wait for.
    private mutating func endedByItself(_ services: [ServiceDocument]) -> [Action] {
        guard services.allSatisfy(\.hasEnded) else { return endedForRule(services) }
        phase = .stopping
        result = services.flatMap(\.replicas).contains { $0.state == .failed } ? .failed : .done
        if let cause = rule.cause(in: services) { result = rule.status(of: services, cause: cause) }
        return [.say("every service has ended", .dim), .shutdown(immediately: false)]
    }

    private mutating func interrupt() -> [Action] {
        switch phase {
        case .starting, .running:
            phase = .stopping
            let remark = Action.say("stopping \(stack) in order; Ctrl-C again ends it at once", .bold)
            return [.finishProgress, remark, .shutdown(immediately: false)]
        case .aborting, .stopping:
            phase = .killing
            return [.say("ending \(stack) at once", .bold), .shutdown(immediately: true)]
        case .killing:
            phase = .ended
            return [.finishProgress, .say("stackd is left to end by itself", .red), .finish(.failed)]
        case .ended:
            return []
        }
    }

    private mutating func hangUp() -> [Action] {
        switch phase {
        case .starting, .running, .aborting:
            phase = .stopping
            return [.shutdown(immediately: false)]
        case .stopping, .killing, .ended:
            return []
        }
    }

    private mutating func failOutput(_ errno: Int32) -> [Action] {
        let actions = hangUp()
        guard !actions.isEmpty else { return [] }
        result = .failed
        let error = SystemError("cannot write the output", errno: errno)
        return [.finishProgress, .say("\(error); stopping \(stack)", .red)] + actions
    }

    private mutating func end(_ status: ExitStatus) -> [Action] {
        defer { phase = .ended }
        switch (phase, status) {
        case (.starting, .exited(code: 0)), (.running, .exited(code: 0)), (.aborting, .exited(code: 0)):
            return [.finishProgress, .say("\(stack) was stopped", .dim), .finish(.done)]
        case (.starting, _), (.running, _), (.aborting, _):
            return [.finishProgress, .say("stackd \(status)", .red), .finish(.failed)]
        case (.stopping, .exited(code: 0)), (.stopping, .unknown), (.killing, _):
            return [.finishProgress, .say("\(stack) is stopped", .dim), .finish(result)]
        case (.stopping, _):
            return [.finishProgress, .say("stackd \(status) while it stopped \(stack)", .red), .finish(.failed)]
        case (.ended, _):
            return []
        }
    }
}
