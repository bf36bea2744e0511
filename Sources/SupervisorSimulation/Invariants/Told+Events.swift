import StackModel
import SupervisorCore

/// What events and commands change.
extension Told {
    mutating func take(_ event: Event) {
        switch event {
        case .command(let command): obey(command)
        case .listenersOpened(let name): answerListeners(of: name, isOpen: true)
        case .listenersFailed(let name, _): answerListeners(of: name, isOpen: false)
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
        case .leftRotation(let id):
            change(id) { instance, _ in
                if case .leaving = instance.rotation { instance.rotation = .outside }
            }
        case .measured(let name, let run, let values): takeMeasurement(of: name, run, values)
        case .loadMeasured(let name, let run, let report):
            if let index = index(of: name) { scaling[index].take(report, run: run) }
        case .connectionWaiting(let name): hearConnection(to: name)
        case .timePassed: serveDeadlines()
        case .scheduleDue(let name): comeDue(name)
        case .ranOutOfMemory, .observed: break
        }
    }

    private mutating func answerListeners(of name: ServiceName, isOpen: Bool) {
        guard let index = index(of: name) else { return }
        services[index].listeners.answer(isOpen: isOpen)
    }

    /// It is told once; where nobody waits for it, it means nothing.
    private mutating func hearConnection(to name: ServiceName) {
        guard let index = index(of: name), scaling[index].isAwaiting else { return }
        scaling[index].isAwaiting = false
        scaling[index].isWoken = true
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
        case .stop(let names, let grace):
            for index in indices(orAll: names) { goDown(index, isDesired: false, within: grace) }
        case .restart(let names, let options):
            for index in indices(orAll: names) { restart(index, options) }
        case .scale(let name, let number): scale(name, to: number)
        case .apply(let stack, let atOnce): apply(stack, atOnce: atOnce)
        case .rollout(let name, let action): act(on: name, action)
        case .signal: break
        case .shutdown(let immediately, let grace):
            isShuttingDown = true
            isImmediate = isImmediate || immediately
            for index in services.indices { goDown(index, isDesired: false, within: grace) }
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
        let isEnding =
            services[index].wantedReplicas.contains { replicas[$0].instance?.isEnding == true }
            || leaving.contains { $0.service == index && !$0.isEnding }
            || services[index].replicas.contains { position in
                replicas[position].instance.map { !isOfTarget($0.revision, index) } ?? false
            }
        services[index].isRestarting = services[index].isRestarting || services[index].isGoingDown && isEnding
        services[index].isGoingDown = services[index].isRestarting
        // What a scheduled one does is its runs' affair.
        guard !services[index].isScheduled else { return }
        let wanted = services[index].wantedReplicas
        let beside = wanted.map { services[index].place(beside: $0) }.filter { replicas[$0].revision != nil }
        for position in wanted + beside {
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

    /// What runs is replaced bit by bit; what does not, or is scheduled, is simply started anew.
    private mutating func restart(_ index: Int, _ options: RestartOptions) {
        let service = services[index]
        let isDown = !service.isDesired || service.isGoingDown
        let revision = renewed(index, options)
        guard isDown || service.isScheduled || options.atOnce else {
            services[index].rollouts.grace = options.grace
            retarget(index, to: revision)
            services[index].rollouts.expected = options.motive.cause
            return
        }
        let isReplaced = !isDown && !service.isScheduled
        if isReplaced { services[index].rollouts.isReplacedAtOnce = true }
        if isReplaced || revision.spec.executable != service.spec.executable { retarget(index, to: revision) }
        goDown(index, isDesired: true, within: options.grace)
    }

    mutating func goDown(_ index: Int, isDesired: Bool, within grace: Duration? = nil) {
        services[index].isDesired = isDesired
        services[index].isGoingDown = !isDesired || hasInstance(index)
        services[index].isRestarting = isDesired && hasInstance(index)
        services[index].runs.hasSucceeded = false
        if !isDesired || !services[index].isScheduled { services[index].runs.isQueued = false }
        services[index].rollouts.current = nil
        scaling[index].forgetQuestions()
        for slot in services[index].replicas { dismiss(services[index].place(beside: slot)) }
        for place in leaving.indices where leaving[place].service == index {
            if let grace { leaving[place].limit(to: grace, at: now) }
        }
        for position in services[index].replicas {
            replicas[position].hasCompleted = false
            replicas[position].afresh = .no
            if let grace { replicas[position].instance?.limit(to: grace, at: now) }
            // A stop that is called off before it begins forgives nothing.
            guard replicas[position].instance == nil else { continue }
            replicas[position].restarts.forgive()
            replicas[position].revision = nil
        }
    }
}

extension RestartMotive {
    fileprivate var cause: RolloutCause {
        switch self {
        case .request: .restartRequested
        case .filesChanged(let count): .filesChanged(count)
        }
    }
}

extension Command {
    var isShutdown: Bool {
        if case .shutdown = self { true } else { false }
    }
}
