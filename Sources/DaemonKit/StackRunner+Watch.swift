public import ControlProtocol
public import ControlServer
import StackModel
import SupervisorCore

/// Restarting services whose files change while a client watches.
extension StackRunner {
    public func watch() async -> Subscription<WatchDocument> {
        let subscription = changes.subscribe()
        // So that whoever has the answer can rely on it that from now on no change is missed.
        await withCheckedContinuation { continuation in changes.whenReady { continuation.resume() } }
        return subscription
    }

    func connectChanges() {
        changes.onChange = { [unowned self] batch in assumeIsolated { $0.restart(for: batch) } }
        changes.onFault = { [queue] in queue.post(.observed(.stack, .degraded($0))) }
        changes.onClientGone = { [weak self] in
            Task { [weak self] in await self?.watcherHasGone() }
        }
    }

    private func watcherHasGone() { changes.clientHasGone() }

    /// A service that somebody stopped stays so, whatever happens to its files.
    private func restart(for batch: ChangedServices.Batch) -> Bool {
        let service = supervisor.snapshot().services.first { $0.name == batch.service }
        guard service?.desired == .running else { return false }
        Task { await restart(batch.service, for: batch) }
        return true
    }

    /// What has changed may be the program itself.
    private func restart(_ service: ServiceName, for batch: ChangedServices.Batch) async {
        guard let executables = try? await executables(of: [service]) else { return }
        let options = RestartOptions(because: .filesChanged(batch.count), executables: executables)
        queue.post(.command(.restart([service], options)))
    }
}
