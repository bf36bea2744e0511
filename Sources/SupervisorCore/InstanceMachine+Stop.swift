import StackModel

/// How an instance ends: pre_stop hook, out of rotation, signal, grace, kill; and what it leaves behind the same way.
extension InstanceMachine {
    /// How long a service without any readiness must have run for its exit status 0 to be no failed start
    /// (supervisord's `startsecs`).
    private static let minimumUptime = Duration.seconds(1)
    /// How long after a kill it is repeated, in case something was being forked just then.
    private static let killPeriod = Duration.seconds(1)

    /// Begins to end it; where that is under way already, it can only be made to end sooner.
    mutating func stop(
        _ cause: StopCause, immediately: Bool = false, grace: Duration? = nil, causedBy event: EventID? = nil,
        in context: inout Context
    ) {
        let isLimited = limit(to: grace)
        switch state {
        case .spawning:
            publish(.stopping(cause), causedBy: event, in: &context)
            state = .abandoned(cause, immediately: immediately)
        case .starting(let process), .up(let process):
            publish(.stopping(cause), causedBy: event, in: &context)
            endProbes(of: process, in: &context)
            state = .stopping(StoppingProcess(process, cause: cause, phase: .preStop))
            if immediately {
                kill(in: &context)
            } else if spec.stop.preStop != nil {
                context.deadlines[slots.phase] = context.now.advanced(by: gracePeriod)
                context.perform(.runPreStop(id))
            } else {
                drain(in: &context)
            }
        case .abandoned, .stopping, .clearing:
            if immediately, !isKilled {
                kill(in: &context)
            } else if isLimited, !isKilled, let deadline = context.deadlines[slots.phase] {
                context.deadlines[slots.phase] = min(deadline, context.now.advanced(by: gracePeriod))
            }
        case .ended:
            break
        }
    }

    private var isKilled: Bool {
        switch state {
        case .stopping(let process): if case .killed = process.phase { true } else { false }
        case .clearing(let process): process.isKilled
        case .spawning, .abandoned, .starting, .up, .ended: false
        }
    }

    mutating func preStopFinished(_ outcome: PreStopOutcome, in context: inout Context) {
        guard case .stopping(let process) = state, case .preStop = process.phase else { return }
        if case .failed(let why) = outcome { publish(.preStopFailed(why), in: &context) }
        drain(in: &context)
    }

    /// The start took too long, or a phase of the stop has had its time.
    mutating func phaseDeadlinePassed(in context: inout Context) {
        switch state {
        case .starting:
            stop(.startTimedOut(after: spec.startTimeout ?? .zero), in: &context)
        case .stopping(let process):
            switch process.phase {
            case .preStop:
                publish(.preStopFailed("it had not ended after \(gracePeriod.text)"), in: &context)
                drain(in: &context)
            case .draining: signal(in: &context)
            case .signalled, .killed: kill(afterGrace: gracePeriod, in: &context)
            }
        case .clearing:
            kill(afterGrace: gracePeriod, in: &context)
        case .spawning, .abandoned, .up, .ended:
            break
        }
    }

    private mutating func drain(in context: inout Context) {
        guard case .stopping(var process) = state else { return }
        let period = min(drainPeriod, grace ?? drainPeriod)
        leaveRotation(in: &context)
        guard period > .zero else { return signal(in: &context) }
        process.phase = .draining
        state = .stopping(process)
        publish(.draining(period), in: &context)
        context.deadlines[slots.phase] = context.now.advanced(by: period)
    }

    mutating func signal(in context: inout Context) {
        guard case .stopping(var process) = state else { return }
        process.phase = .signalled
        state = .stopping(process)
        send(.mainProcess, in: &context)
    }

    private mutating func send(_ scope: SignalScope, in context: inout Context) {
        publish(.signalled(spec.stop.signal, scope, grace: gracePeriod), in: &context)
        context.perform(.signal(id, spec.stop.signal, scope))
        context.deadlines[slots.phase] = context.now.advanced(by: gracePeriod)
    }

    /// Kills what is there, without grace, and again after a while should something survive.
    private mutating func kill(afterGrace grace: Duration? = nil, in context: inout Context) {
        let isFirst = !isKilled
        switch state {
        case .spawning, .starting, .up, .ended:
            return
        case .abandoned(let cause, _):
            state = .abandoned(cause, immediately: true)
            return
        case .stopping(var process):
            process.phase = .killed
            state = .stopping(process)
        case .clearing(var process):
            process.isKilled = true
            state = .clearing(process)
        }
        if isFirst { publish(.killed(afterGrace: grace), in: &context) }
        context.perform(.kill(id))
        context.deadlines[slots.phase] = context.now.advanced(by: Self.killPeriod)
    }

    mutating func exited(_ status: ExitStatus, leftovers: Bool, in context: inout Context) {
        let end: InstanceEnd
        var isKilled = false
        switch state {
        case .starting(let process), .up(let process):
            endProbes(of: process, in: &context)
            let wasUp =
                spec.hasReadiness
                ? process.wasReady : process.spawnedAt.duration(to: context.now) >= Self.minimumUptime
            end = InstanceEnd(
                manner: .exited(status), time: context.now, wasReady: process.wasReady,
                isPremature: status.isSuccess && spec.shouldStayUp && !wasUp,
                ranOutOfMemory: process.ranOutOfMemory && status.mayBeKill)
        case .stopping(let process):
            end = InstanceEnd(
                manner: .exited(status), time: context.now, cause: process.cause, wasReady: process.wasReady,
                isPremature: false)
            if case .killed = process.phase { isKilled = true }
        case .spawning, .abandoned, .clearing, .ended:
            return
        }
        context.deadlines[slots.phase] = nil
        publish(.exited(status, isPremature: end.isPremature), in: &context)
        guard leftovers else { return finish(end, in: &context) }
        state = .clearing(ExitedProcess(end: end, isKilled: isKilled))
        if isKilled { kill(in: &context) } else { send(.allProcesses, in: &context) }
    }

    /// The kernel has killed it, or a part of it, for want of memory. Of what is being ended anyway, that is no news.
    mutating func ranOutOfMemory(_ shortage: OutOfMemory, in context: inout Context) {
        guard isRunning else { return }
        publish(.ranOutOfMemory(shortage), in: &context)
        changeProcess(in: &context) { process, _ in process.ranOutOfMemory = true }
    }

    mutating func emptied(in context: inout Context) {
        guard case .clearing(let process) = state else { return }
        publish(.leftoversEnded, in: &context)
        finish(process.end, in: &context)
    }

    private func endProbes(of process: RunningProcess, in context: inout Context) {
        var process = process
        process.startup?.end(in: &context)
        process.readiness?.end(in: &context)
        process.liveness?.end(in: &context)
        context.deadlines[slots.phase] = nil
        context.deadlines[slots.watchdog] = nil
    }

    mutating func finish(_ end: InstanceEnd, in context: inout Context) {
        context.deadlines[slots.phase] = nil
        state = .ended(end)
        context.perform(.release(id))
        context.perform(.record(.ended(id)))
    }
}

extension ExitStatus {
    /// As far as anybody knows, SIGKILL has ended it.
    fileprivate var mayBeKill: Bool {
        switch self {
        case .exited: false
        case .signalled(let signal, _): signal == .kill
        case .unknown: true
        }
    }
}
