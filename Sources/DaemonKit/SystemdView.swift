import ControlProtocol
import StackModel
import SupervisorCore

/// The stack as far as systemd is told of it.
struct SystemdView: Hashable, Sendable {
    struct Service: Hashable, Sendable {
        var name: String
        /// It should run, or complete.
        var isWanted = true
        /// It runs and is ready, or has completed; or it is not wanted, and nothing of it runs.
        var isAsWanted = false
        /// Nothing of it has been started yet that should be.
        var awaitsStart = false
        /// A replica of it will not be started again unasked.
        var hasFailed = false
        var hasProcesses = false
        /// How long a start of it may take; nil is without limit.
        var startLimit: Duration?
        /// How long a stop of it can take.
        var stopLimit = Duration.zero
    }

    var state: StackDocument.State
    var services: [Service]
}

extension SystemdView {
    init(_ snapshot: StackSnapshot, of stack: StackSpec, state: StackDocument.State) {
        self.state = state
        services = snapshot.services.map { Service($0, stack[$0.name]) }
    }
}

extension SystemdView.Service {
    /// - Parameter spec: nil where the service is no longer in the file and only ends.
    init(_ service: ServiceSnapshot, _ spec: ServiceSpec?) {
        name = service.name.text
        isWanted = service.desired == .running
        isAsWanted = service.isAsDesired
        awaitsStart = isWanted && service.replicas.contains { $0.awaitsStart }
        hasFailed = service.replicas.contains { $0.state == .failed }
        hasProcesses = service.replicas.contains { $0.instance != nil }
        startLimit = spec?.startLimit
        stopLimit = spec?.stopLimit ?? .zero
    }
}

extension ReplicaSnapshot {
    fileprivate var awaitsStart: Bool {
        switch state {
        case .stopped, .waiting: true
        case .starting: pid == nil
        case .scheduled, .backoff, .running, .stopping, .completed, .failed: false
        }
    }
}

extension ServiceSpec {
    /// How long after its spawn an instance is restarted if it has not started by then; nil is never.
    var startLimit: Duration? {
        let probe = probes.startup.map { startup in
            startup.initialDelay + max(startup.period, startup.timeout) * startup.failureThreshold
        }
        return [startTimeout, probe].compactMap { $0 }.min()
    }

    /// The sum of what the steps of a stop may take, one after the other: hook, drain, the main process's grace, and
    /// that of what it leaves behind.
    var stopLimit: Duration {
        stop.drain + stop.gracePeriod * (stop.preStop == nil ? 2 : 3)
    }
}
