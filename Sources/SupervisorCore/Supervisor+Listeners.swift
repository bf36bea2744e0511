import StackModel

/// The sockets that the daemon holds for the services.
extension Supervisor {
    /// How long after a failure to bind it is tried again.
    private static let retryPeriod = Duration.seconds(2)

    mutating func openListeners(of index: Int) {
        switch services[index].listeners {
        case .open, .opening: return
        case .closed, .failed: break
        }
        services[index].listeners = .opening
        context.perform(.openListeners(services[index].revision))
    }

    mutating func closeListeners(of index: Int) {
        guard !services[index].revision.spec.listeners.isEmpty, services[index].listeners != .closed else { return }
        services[index].listeners = .closed
        context.deadlines[DeadlineSlots(of: index)[.listeners]] = nil
        context.perform(.closeListeners(services[index].name))
    }

    mutating func listenersOpened(_ name: ServiceName) {
        guard let index = index(of: name), services[index].listeners == .opening else { return }
        services[index].listeners = .open
        services[index].listenersFailure = nil
        context.publish(.listenersBound, about: .service(name), cause: nil)
        unsettle(index)
    }

    mutating func listenersFailed(_ name: ServiceName, _ failure: SpawnFailure) {
        guard let index = index(of: name), services[index].listeners == .opening else { return }
        services[index].listeners = .failed
        services[index].listenersFailure = context.publish(
            .listenersFailed(failure, retryAfter: Self.retryPeriod), about: .service(name), cause: nil)
        context.deadlines[DeadlineSlots(of: index)[.listeners]] = context.now.advanced(by: Self.retryPeriod)
    }
}
