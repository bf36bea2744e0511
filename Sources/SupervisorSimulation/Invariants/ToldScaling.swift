import StackModel
import SupervisorCore

/// What an observer knows of a service that is scaled by its load.
struct ToldScaling {
    var ledger = ScalingLedger()
    /// The numbers of the latest question, and of the latest that was answered.
    private(set) var asked: UInt64 = 0
    private var answered: UInt64 = 0
    /// What has just been told, and is to be decided upon in this step.
    var report: LoadReport?
    /// What was decided upon in this step and is to be written down, with the slots that go.
    var decided: (replicas: Int, removed: [Int])?
    /// When it was measured last, or could not be; and how long that may last.
    private(set) var measuredAt = Instant.origin
    private(set) var patience = Duration.zero
    /// The next connection is to be told.
    var isAwaiting = false
    /// Somebody has just connected to what is down.
    var isWoken = false
    /// It comes up from none, and has not been ready since.
    var isWaking = false

    mutating func ask(_ run: UInt64, at now: Instant) {
        asked = run
        patience = .zero
        rest(at: now)
    }

    /// Nothing is to be measured now.
    mutating func rest(at now: Instant) {
        measuredAt = now
    }

    /// It is measured again after that time, or after the one that was right when it was measured last.
    mutating func allow(_ interval: Duration) { patience = max(patience, interval) }

    /// Somebody has connected: what was asked before is of no interest any more.
    mutating func wake(at now: Instant) {
        ledger.wake(at: now)
        isWoken = false
        forgetQuestions()
    }

    /// Later than the one before, and of a question that was asked since the service came up.
    mutating func take(_ report: LoadReport, run: UInt64) {
        guard run > answered, run <= asked else { return }
        answered = run
        self.report = report
    }

    /// What was asked is of no interest any more.
    mutating func forgetQuestions() { answered = asked }
}

extension ServiceSpec {
    var isAutoscaled: Bool { autoscale != nil && schedule == nil && !isAwaitedToComplete }
}

extension Told.Service {
    /// It is at none, and comes back when it is needed.
    var isOnDemand: Bool { wanted == 0 && spec.isAutoscaled && spec.autoscale?.minimum == 0 }

    /// Whoever connects is heard.
    var isListening: Bool { spec.listeners.isEmpty ? listeners.state == .closed : listeners.state == .open }

    /// There is something that somebody can connect to.
    var isReachable: Bool { !spec.listeners.isEmpty || !spec.routes.isEmpty }

    var isUp: Bool { isListed && isDesired && !isGoingDown }

    /// Its load decides how many replicas it has.
    var isScaled: Bool {
        guard let autoscale = spec.autoscale, spec.isAutoscaled, isUp else { return false }
        return wanted > 0 || autoscale.minimum == 0
    }
}

extension Told {
    /// It is at none on demand, or comes up from that: whoever needs it waits in its queue.
    func comesOnDemand(_ index: Int) -> Bool {
        let service = services[index]
        guard service.isScaled, service.spec.autoscale?.minimum == 0, service.isListening else { return false }
        if service.wanted == 0 { return true }
        return scaling[index].isWaking
            && service.wantedReplicas.allSatisfy { slot in
                replicas[slot].instance != nil
                    || replicas[slot].restarts.dueAt == nil && !hasFailed(slot, isBlocked: isBlocked(index))
            }
    }

    /// What its autoscaler has to decide about.
    func situation(of index: Int, _ report: LoadReport) -> ScalingCase? {
        let service = services[index]
        guard let autoscale = service.spec.autoscale else { return nil }
        var situation = ScalingCase(
            autoscale: autoscale, resources: service.spec.resources,
            slots: service.wantedReplicas.map { scaledSlot($0) }, report: report, now: now)
        situation.isReachable = service.isReachable
        for (other, service) in services.enumerated() where other != index && service.isListed {
            situation.listed.add(service)
            if service.isDesired, !service.isGoingDown { situation.running.add(service) }
        }
        return situation
    }

    private func scaledSlot(_ slot: Int) -> ScaledSlot {
        let replica = replicas[slot]
        let beside = replicas[services[replica.service].place(beside: slot)]
        var result = ScaledSlot(replica: replica.id, phase: .unclear)
        result.instances = [replica, beside].compactMap { $0.instance?.isRunning == true ? $0.instance?.id : nil }
        let isAlone = beside.revision == nil
        guard let instance = replica.instance else {
            guard isAlone else { return result }
            let isOver = replica.hasCompleted || hasFailed(slot, isBlocked: isBlocked(replica.service))
            result.phase = isOver ? .failed : replica.restarts.dueAt == nil ? .pending : .restarting
            return result
        }
        guard instance.isRunning, let startedAt = instance.spawnedAt else {
            if isAlone { result.phase = .pending }
            return result
        }
        result.instance = instance.id
        result.startedAt = startedAt
        result.turnedAt = instance.turnedAt ?? startedAt
        if instance.isReady || isAlone { result.phase = instance.isReady ? .ready : .unready }
        return result
    }
}

extension ScalingCase.Commitment {
    fileprivate mutating func add(_ service: Told.Service) {
        cpus += service.wanted * (service.spec.resources.cpus?.thousandths ?? 0)
        memory += service.wanted * Int(service.spec.resources.memory?.bytes ?? 0)
    }
}
