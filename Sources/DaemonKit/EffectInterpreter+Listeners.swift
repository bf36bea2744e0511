import Glibc
import LinuxRuntime
import StackModel
import SupervisorCore

/// The sockets that the daemon holds for the services.
extension EffectInterpreter {
    func openListeners(_ revisions: [ServiceSpec]) {
        guard let service = revisions.first?.name else { return }
        let number = beginOpening(service)
        do throws(SpawnFailure) {
            try openNow(revisions, of: service)
        } catch {
            guard error.errno == EADDRINUSE else { return queue.post(.listenersFailed(service, error)) }
            // A service that is told where to listen after this one may have no more use for the address.
            loop.schedule(after: .zero) { [weak self] in
                self?.openAgain(revisions, of: service, number: number, error)
            }
        }
    }

    private func openAgain(
        _ revisions: [ServiceSpec], of service: ServiceName, number: UInt64, _ former: SpawnFailure
    ) {
        // What was ordered since counts.
        guard openings[service] == number else { return queue.post(.listenersFailed(service, former)) }
        do throws(SpawnFailure) {
            try openNow(revisions, of: service)
        } catch {
            queue.post(.listenersFailed(service, error))
        }
    }

    private func openNow(_ revisions: [ServiceSpec], of service: ServiceName) throws(SpawnFailure) {
        try listeners.open(revisions, launcher.context(for: ReplicaID(service: service, index: 0)))
        queue.post(.listenersOpened(service))
        watchConnections()
    }

    func closeListeners(of service: ServiceName) {
        openings[service] = nil
        listeners.close(service)
        watchConnections()
    }

    private func beginOpening(_ service: ServiceName) -> UInt64 {
        lastOpening += 1
        openings[service] = lastOpening
        return lastOpening
    }

    // MARK: Scale to zero

    func awaitConnection(of service: ServiceName) {
        sleeping.insert(service)
        routes.awaitRequest(service)
        watchConnections()
    }

    func ignoreConnections(of service: ServiceName) {
        guard sleeping.remove(service) != nil else { return }
        routes.ignoreRequests(service)
        for listener in listeners.listeners(of: service) { listener.ignoreConnections() }
        watchConnections()
    }

    /// Sees to it that whoever sleeps is woken by a connection at any of the listeners that it has now: these may be
    /// others than before, or have passed from one service to another.
    private func watchConnections() {
        for service in sleeping {
            for listener in listeners.listeners(of: service) {
                watchConnections(at: listener, of: service)
            }
        }
    }

    private func watchConnections(at listener: Listener, of service: ServiceName) {
        do throws(SystemError) {
            try listener.onConnection(on: loop) { [unowned self] in
                guard sleeping.contains(service) else { return }
                ignoreConnections(of: service)
                queue.post(.connectionWaiting(service))
            }
        } catch {
            // Out of descriptors, say: it must not sleep for ever for that.
            queue.post(.observed(.service(service), .degraded("its listener cannot be watched: \(error)")))
            loop.schedule(after: Self.retryPeriod) { [weak self] in self?.watchConnections() }
        }
    }

    /// What probes may refer to by name: the instance's own ports, and its listeners.
    func namedPorts(of instance: LiveInstance) -> [String: UInt16] {
        listeners.ports(of: instance.spec).merging(instance.context.ports) { $1 }
    }
}
