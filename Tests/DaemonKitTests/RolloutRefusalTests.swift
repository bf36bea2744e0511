import ControlProtocol
import StackModel
import SupervisorCore
import Testing

@testable import DaemonKit

/// What is said of a command to a rollout that means nothing.
@Suite struct RolloutRefusalTests {
    private func service(_ phase: RolloutSnapshot.Phase?, revisions: Int = 3) throws -> ServiceSnapshot {
        ServiceSnapshot.example(
            try #require(ServiceName("web")), rollout: phase.map { .example(phase: $0) },
            history: (1...revisions).reversed().map { .example(number: $0, outcome: .good) })
    }

    @Test(arguments: [.pause, .resume, RolloutCommand.promote()])
    func withoutARollout(command: RolloutCommand) throws {
        #expect(
            try service(nil).refusal(of: command)
                == ControlProblem(.noRollout, "service \"web\" has no rollout under way"))
    }

    @Test(arguments: [
        (RolloutCommand.pause, RolloutSnapshot.Phase.paused, "is paused already"), (.pause, .failed, "has failed"),
        (.resume, .paused, "stands at a pause of its steps, past which it is promoted"),
        (.resume, .progressing, "is not paused"), (.promote(), .failed, "has failed; resume it, or undo it"),
        (.promote(fully: true), .progressing, "has no step left"),
    ])
    func ofARollout(command: RolloutCommand, phase: RolloutSnapshot.Phase, words: String) throws {
        let problem = try service(phase).refusal(of: command)
        #expect(problem.code == .noRollout)
        #expect(problem.detail.hasPrefix("service \"web\" has a rollout that \(words)"))
    }

    @Test func ofGoingBack() throws {
        var service = try service(nil)
        func refusal(_ number: Int?) -> String { service.refusal(of: .undo(to: number)).detail }
        #expect(refusal(nil) == "service \"web\" has no other revision that was good")
        #expect(refusal(3) == "number 3 is the present revision of service \"web\"")
        #expect(refusal(4) == "service \"web\" has no revision of the number 4; there are 2, 1")
        service.history.removeLast(2)
        #expect(refusal(4) == "service \"web\" has no revision of the number 4")
        #expect(service.refusal(of: .undo()).code == .noSuchRevision)
        service.desired = .stopped
        #expect(refusal(nil).hasPrefix("service \"web\" is stopped") && service.refusal(of: .undo()).code == .noRollout)
        service.schedule = ScheduleSpec(trigger: .interval(.seconds(1)))
        #expect(refusal(nil).hasPrefix("service \"web\" runs by its schedule"))
    }
}
