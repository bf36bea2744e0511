import StackModel
import SupervisorCore

/// How many replicas services have whose load decides about that.
extension Judge {
    // MARK: Measurements

    mutating func measureLoad(_ request: LoadRequest) throws(Violation) {
        let name = request.service
        guard let index = told.index(of: name), told.services[index].isScaled else {
            throw violation(.recommendation, "the load of \(name) is measured, and nothing depends on it")
        }
        let scaling = told.scaling[index]
        guard request.run > scaling.asked, request.metrics == told.services[index].spec.autoscale?.metrics else {
            throw violation(.recommendation, "measurement \(request.run) of \(name) is not of its metrics, or not new")
        }
        let running = told.services[index].rows.compactMap { told.replicas[$0].instance }.filter(\.isRunning)
        guard Set(request.instances) == Set(running.map(\.id)) else {
            throw violation(
                .recommendation, "the load of \(request.instances) of \(name) is measured, and \(running.map(\.id)) run"
            )
        }
        told.scaling[index].ask(request.run, at: now)
    }

    // MARK: Decisions

    /// What the core has decided about the service, upon what it was just told or because it is out of its bounds.
    mutating func check(_ decision: ScalingDecision?, of name: ServiceName) throws(Violation) {
        guard let index = told.index(of: name), told.services[index].isScaled else { return }
        let report = told.scaling[index].report ?? LoadReport(readings: [])
        told.scaling[index].report = nil
        guard let situation = told.situation(of: index, report) else { return }
        guard let decision else { throw violation(.recommendation, "nothing is decided about \(name)") }
        let objection =
            told.scaling[index].ledger.judge(decision, of: situation)
            ?? RemovalOracle(situation: situation).objection(to: decision)
        if let objection { throw violation(objection.invariant, "\(name) \(objection.detail)") }
        guard decision.desired != situation.current else { return }
        let removed = decision.removed.compactMap { told.position(of: $0) }
        told.scaling[index].decided = (decision.desired, removed)
    }

    /// Whether something is to be decided about it in this step.
    func awaitsDecision(_ name: ServiceName) -> Bool {
        guard let index = told.index(of: name) else { return false }
        return told.services[index].isScaled && told.scaling[index].report != nil
    }

    /// The journal is told of another number.
    mutating func write(_ scale: Scale?, of name: ServiceName) throws(Violation) {
        guard let index = told.index(of: name) else { return }
        let service = told.services[index]
        if let scale, scale.rule == .autoscaler, scale != service.scale {
            let decided = told.scaling[index].decided
            let isDecided = decided?.replicas == scale.replicas
            let isWoken = told.scaling[index].isWoken && service.wanted == 0 && scale.replicas == 1
            guard isDecided || isWoken else {
                throw violation(.scale, "\(name) is scaled to \(scale.replicas), which nothing has asked for")
            }
            if isWoken { told.scaling[index].wake(at: now) }
            if service.wanted == 0 { told.scaling[index].isWaking = true }
            told.scaling[index].decided = nil
            told.scaling[index].rest(at: now)
            told.services[index].scale = scale
            told.fit(index, removing: decided?.removed ?? [])
        }
        guard told.services[index].scale == scale else {
            let known = told.services[index].scale.map { "\($0.replicas) (\($0.rule))" } ?? "what its file says"
            throw violation(.scale, "\(name) is written down as scaled otherwise than to \(known)")
        }
    }

    // MARK: None at all

    mutating func awaitConnection(_ name: ServiceName) throws(Violation) {
        guard let index = told.index(of: name), !told.scaling[index].isAwaiting else {
            throw violation(.idle, "a connection to \(name) is awaited twice")
        }
        told.scaling[index].isAwaiting = true
    }

    mutating func ignoreConnections(_ name: ServiceName) throws(Violation) {
        guard let index = told.index(of: name), told.scaling[index].isAwaiting else {
            throw violation(.idle, "connections to \(name) are ignored, and none was awaited")
        }
        told.scaling[index].isAwaiting = false
    }

    // MARK: Between two steps

    /// What was to follow in this step has followed.
    mutating func checkScaling() throws(Violation) {
        for index in told.services.indices where told.services[index].spec.isAutoscaled {
            let service = told.services[index]
            let (name, scaling) = (service.name, told.scaling[index])
            if let decided = scaling.decided {
                throw violation(.scale, "\(name) is to have \(decided.replicas) replicas, and nothing becomes of that")
            }
            if scaling.isWoken, service.isScaled {
                throw violation(.idle, "somebody has connected to \(name), and it is not started")
            }
            let mustAwait = service.isScaled && service.isOnDemand && service.isReachable && service.isListening
            guard scaling.isAwaiting == mustAwait else {
                throw violation(.idle, "connections to \(name) are \(mustAwait ? "not " : "")awaited")
            }
            let running = service.wantedReplicas.compactMap { told.replicas[$0].instance }.filter(\.isRunning)
            if running.isEmpty { told.scaling[index].ledger.disturb() }
            try checkMeasured(index, isPossible: service.isScaled && !running.isEmpty)
            if running.contains(where: \.isReady) { told.scaling[index].isWaking = false }
            if !service.isScaled { told.scaling[index].forgetQuestions() }
            told.scaling[index].report = nil
            told.scaling[index].isWoken = false
        }
    }

    /// It is measured again and again, also where an answer never comes.
    private mutating func checkMeasured(_ index: Int, isPossible: Bool) throws(Violation) {
        let service = told.services[index]
        guard let autoscale = service.spec.autoscale else { return }
        told.scaling[index].allow(autoscale.interval)
        guard isPossible, service.wanted >= autoscale.minimum, service.wanted <= autoscale.maximum else {
            return told.scaling[index].rest(at: now)
        }
        let limit = told.scaling[index].measuredAt.advanced(by: told.scaling[index].patience)
        guard limit < told.servedUntil else { return }
        throw violation(.recommendation, "the load of \(service.name) is not measured any more")
    }

    func check(_ shown: ScalingSnapshot, of index: Int) throws(Violation) {
        let service = told.services[index]
        guard shown.rule == service.scale?.rule, shown.awaitsConnection == told.scaling[index].isAwaiting,
            shown.isActive == service.isScaled
        else {
            throw violation(.readiness, "how \(service.name) is scaled is not what is shown")
        }
    }
}
