import StackModel
import Testing

@Suite struct SignalTests {
    @Test(
        arguments: [
            ("SIGTERM", 15), ("TERM", 15), ("sigterm", 15), ("15", 15), ("SIGHUP", 1), ("USR1", 10), ("64", 64),
            ("RTMIN+3", 37), ("SIGRTMIN+0", 34), ("SIGRTMIN+30", 64),
        ] as [(String, Int32)])
    func read(text: String, number: Int32) {
        #expect(Signal(text: text)?.number == number)
    }

    @Test(arguments: ["", "0", "65", "99", "-1", "SIG", "SIGNOPE", "RTMIN+31", "RTMIN", "RTMIN+-1", "SIGSIGTERM"])
    func refuse(text: String) {
        #expect(Signal(text: text) == nil)
    }

    @Test func everySignalReadsWhatItWrites() {
        for number in Int32(1)...64 where number != 32 && number != 33 {
            let signal = Signal(number: number)
            #expect(Signal(text: signal.description) == signal)
        }
    }

    @Test(arguments: [
        (StackModel.ExitStatus.exited(code: 3), "exited with status 3", false),
        (.exited(code: 0), "exited with status 0", true),
        (.signalled(.kill, coreDumped: false), "was ended by SIGKILL", false),
        (.signalled(Signal(number: 11), coreDumped: true), "was ended by SIGSEGV (core dumped)", false),
        (.unknown, "ended, exit status unknown", false),
    ])
    func exitStatus(status: StackModel.ExitStatus, text: String, isSuccess: Bool) {
        #expect(status.description == text)
        #expect(status.isSuccess == isSuccess)
    }

    @Test func spawnFailuresSayWhatFailed() {
        let failure = SpawnFailure(stage: "workingDirectory", errno: 2, message: "chdir /x: No such file or directory")
        #expect(failure.description == "chdir /x: No such file or directory")
    }
}
