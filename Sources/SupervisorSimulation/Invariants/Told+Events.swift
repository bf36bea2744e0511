import StackModel
import SupervisorCore

/// What events and commands change.
extension Told {
    mutating func take(_ event: Event) {
        switch event {
        case .command(let command): obey(command)
        case .listenersOpened(let name): answerListeners(of: name, with: .open)
        case .listenersFailed(let name, _): answerListeners(of: name, with: .failed)
        case .spawned(let id, _):
            change(id) { instance, now in
                guard case .spawning = instance.process else { return }
                instance.process = .running
                instance.spawnedAt = now
                instance.startLimit = instance.spec.startTimeout.map { now.advanced(by: $0) }
            }
        case .spawnFailed(let id, _, let isTransient):
            change(id) { instance, _ in
                guard case .spawning = instance.process else { return }
                instance.process = .gone
                instance.hasFailedForLackOfRoom = isTransient
            }
        case .exited(let id, let status, let leftovers):
            change(id) { instance, now in
                guard case .running = instance.process else { return }
                instance.process = leftovers ? .leaving : .gone
                instance.end = ToldInstance.End(
                    isSuccess: status.isSuccess, isPremature: instance.isPremature(status, at: now))
            }
        case .emptied(let id):
            change(id) { instance, _ in
                if case .leaving = instance.process { instance.process = .gone }
            }
        case .probeFinished(let id, let run, let outcome):
            change(id) { instance, _ in
                guard instance[run.role].run == run.number else { return }
                instance[run.role].end()
                instance[run.role].count(passed: outcome == .passed)
            }
        case .preStopFinished(let id, _):
            change(id) { instance, _ in instance.isHookRunning = false }
        case .notified(let id, let notification): hear(notification, of: id)
        case .timePassed: serveDeadlines()
        case .scheduleDue(let name): comeDue(name)
        case .observed: break
        }
    }

    /// Changes an instance, and concludes what follows for its readiness.
    mutating func change(_ id: InstanceID, _ change: (inout ToldInstance, Instant) -> Void) {
        guard let position = position(of: id) else { return }
        guard var instance = replicas[position].instance else { return }
        // Taken out while it changes, so that it is not copied.
        replicas[position].instance = nil
        let before = instance.readySince
        change(&instance, now)
        instance.conclude(at: now)
        if let before, !instance.isReady {
            replicas[position].restarts.wasReady(
                for: before.duration(to: now), served: before.duration(to: servedUntil))
        }
        replicas[position].instance = instance
    }

    private mutating func answerListeners(of name: ServiceName, with state: Service.Listeners) {
        guard let index = index(of: name) else { return }
        services[index].unansweredOpenings -= 1
        // What was ordered since then counts.
        guard services[index].unansweredOpenings == 0, case .opening = services[index].listeners else { return }
        services[index].listeners = state
    }

    private mutating func hear(_ notification: Notification, of id: InstanceID) {
        change(id) { instance, now in
            guard case .running = instance.process else { return }
            switch notification {
            case .ready: instance.hasSaidReady = true
            case .stopping: instance.hasSaidStopping = true
            case .watchdog: instance.lastFed = now
            case .broken: instance.hasReportedBroken = true
            case .extendTimeout(let duration): instance.extendLimit(to: now.advanced(by: duration))
            case .reloading, .status: break
            }
        }
    }

    // MARK: Commands

    private mutating func obey(_ command: Command) {
        if case .signal(let name, let replica, let signal) = command {
            expectSignal(signal, to: name, replica: replica)
        }
        guard !isShuttingDown || command.isShutdown else { return }
        switch command {
        case .start(let names): start(names)
        case .stop(let names):
            for index in indices(orAll: names) { goDown(index, isDesired: false) }
        case .restart(let names, _):
            for index in indices(orAll: names) { goDown(index, isDesired: true) }
        case .scale(let name, let number): scale(name, to: number)
        case .apply(let stack): apply(stack)
        case .signal: break
        case .shutdown(let immediately):
            isShuttingDown = true
            isImmediate = isImmediate || immediately
            for index in services.indices { goDown(index, isDesired: false) }
        }
    }

    private mutating func start(_ names: [ServiceName]) {
        let roots = indices(orAll: names)
        let isIncluded = closure(of: roots)
        for index in services.indices where isIncluded[index] { start(index, isNamed: roots.contains(index)) }
    }

    /// `isNamed`: it is not merely needed by what was named, in which case it is started anew in some cases only.
    mutating func start(_ index: Int, isNamed: Bool) {
        services[index].isDesired = true
        // A stop that has not begun yet is called off; one that has begun goes on, and a start follows it.
        // So does one where the spec has changed since.
        let revision = services[index].spec.revision
        let isEnding =
            services[index].wantedReplicas.contains { replicas[$0].instance?.isEnding == true }
            || services[index].replicas.contains { position in
                replicas[position].instance.map { $0.spec.revision != revision } ?? false
            }
        services[index].isRestarting = services[index].isRestarting || services[index].isGoingDown && isEnding
        services[index].isGoingDown = services[index].isRestarting
        // What a scheduled one does is its runs' affair.
        guard !services[index].isScheduled else { return }
        for position in services[index].wantedReplicas {
            if let instance = replicas[position].instance {
                guard instance.isEnding, replicas[position].afresh != .yes else { continue }
                replicas[position].afresh = isNamed ? .yes : .maybe
                continue
            }
            let hasCompleted = replicas[position].hasCompleted
            replicas[position].restarts.startWasAsked(isNamed: isNamed, hasCompleted: hasCompleted, at: now)
            if isNamed { replicas[position].hasCompleted = false }
        }
    }

    mutating func goDown(_ index: Int, isDesired: Bool) {
        services[index].isDesired = isDesired
        services[index].isGoingDown = !isDesired || hasInstance(index)
        services[index].isRestarting = isDesired && hasInstance(index)
        services[index].runs.hasSucceeded = false
        if !isDesired || !services[index].isScheduled { services[index].runs.isQueued = false }
        for position in services[index].replicas {
            replicas[position].hasCompleted = false
            replicas[position].afresh = .no
            // A stop that is called off before it begins forgives nothing.
            if replicas[position].instance == nil { replicas[position].restarts.forgive() }
        }
    }
}

extension Command {
    var isShutdown: Bool {
        if case .shutdown = self { true } else { false }
    }
}
