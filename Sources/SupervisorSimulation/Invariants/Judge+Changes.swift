import StackModel
import SupervisorCore

/// What the core makes of applied stacks, scales, signals and schedules.
extension Judge {
    /// What the core says that applying the stack would do.
    func check(_ plan: [ServiceChange], for stack: StackSpec) throws(Violation) {
        let expected = told.plan(for: stack)
        guard plan != expected else { return }
        let different = zip(plan, expected).first { $0 != $1 }
        let detail = different.map { "\($0.service) \($0.kind), and is to be \($1.kind)" } ?? "\(plan.count) services"
        throw violation(.change, "the plan has \(detail)")
    }

    /// What the core says about a service.
    mutating func read(_ reason: Reason, of name: ServiceName) throws(Violation) {
        guard let index = told.index(of: name) else { return }
        let problem: String?
        switch reason {
        case .runBegins(let origin):
            if told.hasInstance(index) {
                problem = "a run begins, and an instance of another is there"
            } else {
                problem = told.services[index].runs.begin(origin)
                told.beginRun(index)
            }
        case .runQueued: problem = told.services[index].runs.take(.waits)
        case .runSuperseded: problem = told.services[index].runs.supersede()
        case .runReplaces: problem = told.services[index].runs.take(.replaces)
        case .runSkipped:
            // Also one that somebody asks for, where no replica is wanted.
            if told.services[index].runs.expected == nil && told.services[index].wanted == 0 { return }
            problem = told.services[index].runs.take(.isSkipped)
        case .runEnded(let outcome): problem = endRun(index, outcome)
        case .rollout(let reason): return try read(reason, of: index)
        default: return
        }
        if let problem { throw violation(.schedule, "\(problem) (\(name))") }
    }

    private mutating func endRun(_ index: Int, _ outcome: JobRun.Outcome) -> String? {
        guard told.services[index].runs.isUnderWay else { return "a run ends, and none is under way" }
        if told.hasInstance(index) { return "a run ends, and an instance of it is there" }
        let expected = told.outcomeOfRun(index)
        told.services[index].runs.end(outcome)
        return outcome.word == expected ? nil : "a run ends as \(outcome.word), and has \(expected)"
    }

    /// A run goes on only for as long as it has something to do.
    func checkRun(_ index: Int) throws(Violation) {
        guard told.services[index].runs.isUnderWay, !told.hasInstance(index) else { return }
        let service = told.services[index]
        let isOver = service.wantedReplicas.allSatisfy {
            told.replicas[$0].hasCompleted || told.replicas[$0].restarts.isGivenUp
        }
        guard isOver || service.runs.isReplacing || service.isGoingDown else { return }
        throw violation(.schedule, "the run of \(service.name) goes on, and nothing of it is left to do")
    }

    /// What was asked for in this step has come.
    func checkAnswered() throws(Violation) {
        for (id, signal) in told.expectedSignals.sorted(by: { $0.key < $1.key }) {
            throw violation(.lifecycle, "\(id) is not sent \(signal), which was asked for")
        }
        for service in told.services where service.runs.expected != nil || service.runs.isPromoted {
            throw violation(.schedule, "nothing becomes of a run of \(service.name) that is due")
        }
    }
}

extension Told {
    /// The replicas of a scheduled service begin afresh.
    mutating func beginRun(_ index: Int) {
        for position in services[index].wantedReplicas {
            replicas[position].hasCompleted = false
            replicas[position].restarts.forgive()
        }
    }

    func outcomeOfRun(_ index: Int) -> String {
        let wanted = services[index].wantedReplicas
        if services[index].runs.isReplacing { return JobRun.Outcome.stopped.word }
        if wanted.contains(where: { replicas[$0].restarts.isGivenUp }) { return JobRun.Outcome.failed("").word }
        let isSuccess = !wanted.isEmpty && wanted.allSatisfy { replicas[$0].hasCompleted }
        return (isSuccess ? JobRun.Outcome.succeeded : .stopped).word
    }
}

extension JobRun.Outcome {
    fileprivate var word: String {
        switch self {
        case .succeeded: "succeeded"
        case .failed: "failed"
        case .stopped: "stopped"
        case .skipped: "skipped"
        }
    }
}
