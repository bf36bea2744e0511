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
    }

    func closeListeners(of service: ServiceName) {
        openings[service] = nil
        listeners.close(service)
    }

    private func beginOpening(_ service: ServiceName) -> UInt64 {
        lastOpening += 1
        openings[service] = lastOpening
        return lastOpening
    }

    /// What probes may refer to by name: the instance's own ports, and its listeners.
    func namedPorts(of instance: LiveInstance) -> [String: UInt16] {
        listeners.ports(of: instance.spec).merging(instance.context.ports) { $1 }
    }
}
