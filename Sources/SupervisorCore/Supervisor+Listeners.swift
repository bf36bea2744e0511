import StackModel

/// The sockets that the daemon holds for the services.
extension Supervisor {
    /// How long after a failure to bind it is tried again.
    private static let retryPeriod = Duration.seconds(2)

    mutating func openListeners(of index: Int) {
        let revisions = wantedListeners(of: index)
        guard !revisions.allSatisfy({ $0.spec.listeners.isEmpty }) else {
            closeListeners(of: index)
            services[index].listeners = .open
            return
        }
        services[index].listeners = .opening
        services[index].boundListeners = revisions.map(\.spec.listeners)
        services[index].unansweredOpenings += 1
        context.deadlines[DeadlineSlots(of: index)[.listeners]] = nil
        context.perform(.openListeners(revisions))
    }

    /// What those that go down have is left alone until they are gone.
    mutating func retryListeners(of index: Int) {
        if services[index].descent != nil, hasInstance(index) {
            context.deadlines[DeadlineSlots(of: index)[.listeners]] = context.now.advanced(by: Self.retryPeriod)
        } else {
            openListeners(of: index)
        }
    }

    /// Those of the revision that counts; while it replaces some that listen elsewhere, those of all.
    private func wantedListeners(of index: Int) -> [ServiceRevision] {
        let service = services[index]
        guard let rollout = service.rollout else { return [service.revision] }
        return rollout.lacksListeners ? rollout.origin.others : [service.revision] + rollout.origin.others
    }

    /// Has the listeners be those that are wanted now. Instances that were made with others keep them.
    mutating func fitListeners(of index: Int) {
        guard !listensAsWanted(index), services[index].listeners != .closed, services[index].isListed,
            services[index].descent == nil || !hasInstance(index)
        else { return }
        services[index].listenersFailure = nil
        openListeners(of: index)
    }

    private func listensAsWanted(_ index: Int) -> Bool {
        // Most services do not listen at all, and that is asked all the time.
        if services[index].rollout == nil, services[index].spec.listeners.isEmpty {
            return services[index].boundListeners.isEmpty
        }
        let (wanted, bound) = (wantedListeners(of: index).map(\.spec.listeners), services[index].boundListeners)
        return wanted == bound || bound.isEmpty && wanted.allSatisfy(\.isEmpty)
    }

    mutating func closeListeners(of index: Int) {
        guard !services[index].boundListeners.isEmpty else { return }
        services[index].listeners = .closed
        services[index].boundListeners = []
        services[index].listenersFailure = nil
        context.deadlines[DeadlineSlots(of: index)[.listeners]] = nil
        context.perform(.closeListeners(services[index].name))
    }

    mutating func listenersOpened(_ name: ServiceName) {
        guard let index = answeredOpening(of: name) else { return }
        services[index].listeners = .open
        services[index].listenersFailure = nil
        context.publish(.listenersBound, about: .service(name), cause: nil)
        unsettle(index)
    }

    mutating func listenersFailed(_ name: ServiceName, _ failure: SpawnFailure) {
        guard let index = answeredOpening(of: name) else { return }
        if failRollout(of: index, forListeners: failure) { return }
        services[index].listeners = .failed
        let reason = Reason.listenersFailed(failure, retryEvery: Self.retryPeriod)
        // Told once, however often it is tried.
        if services[index].listenersFailure?.reason != reason {
            services[index].listenersFailure = context.publish(reason, about: .service(name), cause: nil)
        }
        context.deadlines[DeadlineSlots(of: index)[.listeners]] = context.now.advanced(by: Self.retryPeriod)
    }

    /// The service whose latest order to bind is answered; an answer to an earlier one says nothing any more.
    private mutating func answeredOpening(of name: ServiceName) -> Int? {
        guard let index = index(of: name), services[index].unansweredOpenings > 0 else { return nil }
        services[index].unansweredOpenings -= 1
        // One that is gone from the file has waited for it.
        if !services[index].isListed { unsettle(index) }
        return services[index].unansweredOpenings == 0 && services[index].listeners == .opening ? index : nil
    }
}
