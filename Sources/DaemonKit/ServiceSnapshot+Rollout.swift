import ControlProtocol
import StackModel
import SupervisorCore

extension RolloutAction {
    init(_ command: RolloutCommand) {
        self =
            switch command {
            case .pause: .pause
            case .resume: .resume
            case .promote(let fully): .promote(fully: fully)
            case .undo(let number): .undo(to: number)
            }
    }
}

extension ServiceSnapshot {
    /// Why that command means nothing as the service is now.
    func refusal(of command: RolloutCommand) -> ControlProblem {
        switch command {
        case .pause: noRollout { $0 == .paused ? "is paused already" : "has failed, and stands still" }
        case .resume:
            noRollout { $0 == .paused ? "stands at a pause of its steps, past which it is promoted" : "is not paused" }
        case .promote:
            noRollout { $0 == .failed ? "has failed; resume it, or undo it" : "has no step left to be promoted past" }
        case .undo where schedule != nil:
            .noRollout(of: name.text, "runs by its schedule, and is replaced from one run to the next")
        case .undo where desired == .stopped:
            .noRollout(of: name.text, "is stopped, so nothing can be undone; start it first")
        case .undo(nil):
            .noSuchRevision("service \"\(name)\" has no other revision that was good")
        case .undo(let number?) where number == history.first?.number:
            .noSuchRevision("number \(number) is the present revision of service \"\(name)\"")
        case .undo(let number?):
            .noSuchRevision("service \"\(name)\" has no revision of the number \(number)\(otherNumbers)")
        }
    }

    private func noRollout(_ reason: (RolloutSnapshot.Phase) -> String) -> ControlProblem {
        let words = rollout.map { "has a rollout that \(reason($0.phase))" } ?? "has no rollout under way"
        return .noRollout(of: name.text, words)
    }

    private var otherNumbers: String {
        let numbers = history.dropFirst().map { String($0.number) }
        return numbers.isEmpty ? "" : "; there are \(numbers.joined(separator: ", "))"
    }
}
