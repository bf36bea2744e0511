import ControlProtocol
import LinuxRuntime
import StackModel

/// When the unit counts as started.
enum UnitReadiness: String, Hashable, Sendable, CaseIterable {
    /// When every service that should be ready has been.
    case ready
    /// When no service waits for its start any more; whether it works is not asked.
    case started
}

/// What systemd is told as the stack changes: what was said before decides what is said next.
///
/// Once the unit has started it stays so: a service that fails makes it degraded, which its status tells, and is the
/// daemon's to restart and not systemd's.
struct SystemdConversation: Sendable {
    private enum Phase: Hashable {
        /// READY=1 is still to come. → up, stopping
        case starting
        /// → reloading, stopping
        case up
        /// RELOADING=1 was said, and READY=1 is to follow. → up, stopping
        case reloading
        case stopping
    }

    private let readiness: UnitReadiness
    private var phase = Phase.starting
    private var timeout = SystemdTimeout()
    /// A change was applied and has not been ready since: whoever has asked for it (ExecReload=) waits, and systemd's
    /// limit on that is the start's.
    private var isSettling = false
    private var view: SystemdView?
    private var lastStatus: String?
    /// Why the last reload changed nothing.
    private var refusal: String?

    init(readiness: UnitReadiness) {
        self.readiness = readiness
    }

    /// The stack is like that now.
    mutating func observe(_ view: SystemdView, at now: Instant) -> [ServiceNotice] {
        self.view = view
        var notices: [ServiceNotice] = []
        if view.state == .stopping, phase != .stopping {
            phase = .stopping
            timeout = SystemdTimeout()
            notices.append(.stopping)
        }
        if phase == .starting, isUp(view) {
            phase = .up
            notices.append(.ready)
        }
        if view.state == .ready { isSettling = false }
        if let extended = timeout.extend(for: steps(view), at: now) { notices.append(.extendTimeout(extended)) }
        return notices + statusIfChanged()
    }

    /// The files are read again.
    mutating func reload(_ reload: Reload) -> [ServiceNotice] {
        var notices: [ServiceNotice] = []
        switch reload {
        case .started:
            // Before the start is over, a READY=1 at the end of the reload would be taken for the end of the start.
            guard phase == .up else { return [] }
            phase = .reloading
            return [.reloading]
        case .applied:
            refusal = nil
            // A start that is under way goes on with what it was promised.
            if phase == .reloading { (timeout, isSettling) = (SystemdTimeout(), true) }
        case .refused(let problem): refusal = problem.diagnostics.first.map(Self.firstLine) ?? problem.detail
        }
        if phase == .reloading {
            phase = .up
            notices.append(.ready)
        }
        return notices + statusIfChanged()
    }

    private func isUp(_ view: SystemdView) -> Bool {
        switch readiness {
        case .ready: view.state == .ready || view.state == .stopped
        case .started: !view.services.contains(where: \.awaitsStart)
        }
    }

    private func steps(_ view: SystemdView) -> [SystemdTimeout.Step] {
        switch phase {
        case .starting: startSteps(view)
        case .up, .reloading: isSettling ? startSteps(view) : []
        case .stopping:
            view.services.map { service in
                SystemdTimeout.Step(service: service.name, isDone: !service.hasProcesses, limit: service.stopLimit)
            }
        }
    }

    private func startSteps(_ view: SystemdView) -> [SystemdTimeout.Step] {
        view.services.filter(\.isWanted).map { service in
            // A change is waited for until it is ready, whatever the start was.
            let isDone = readiness == .ready || isSettling ? service.isAsWanted : !service.awaitsStart
            return SystemdTimeout.Step(service: service.name, isDone: isDone, limit: service.startLimit)
        }
    }

    /// Without the excerpt of the file that follows it.
    private static func firstLine(_ diagnostic: String) -> String {
        diagnostic.split(separator: "\n").first.map(String.init) ?? diagnostic
    }

    private mutating func statusIfChanged() -> [ServiceNotice] {
        guard let view else { return [] }
        let status = view.status + (refusal.map { "; the last reload was refused: \($0)" } ?? "")
        guard status != lastStatus else { return [] }
        lastStatus = status
        return [.status(status)]
    }
}
