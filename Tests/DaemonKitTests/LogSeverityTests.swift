import StackModel
import SupervisorCore
import Testing

@testable import DaemonKit

@Suite struct LogSeverityTests {
    @Test func everyLineHasItsMark() {
        #expect(LogSeverity.warning.marking("one\ntwo\n") == "<4>one\n<4>two")
    }

    @Test func whatNeedsSomebodyIsAnError() {
        #expect(Reason.gaveUp(.policyIsNo).severity == .error)
        #expect(Reason.stopping(.livenessProbeFailed("refused")).severity == .warning)
        #expect(Reason.stopping(.stopRequested).severity == .information)
        #expect(Reason.exited(.exited(code: 1), isPremature: false).severity == .warning)
        #expect(Reason.exited(.exited(code: 0), isPremature: false).severity == .information)
        #expect(Reason.exited(.exited(code: 0), isPremature: true).severity == .warning)
    }
}
