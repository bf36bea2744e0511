import ControlProtocol
import Testing

@testable import CommandKit

/// What `wait` tells and exits with.
struct ReplicaExitTests {
    private static func exit(_ code: Int32?, _ signal: String? = nil) -> ExitDocument {
        ExitDocument(code: code, signal: signal, time: Timestamp(milliseconds: 0))
    }

    @Test(arguments: [
        (ReplicaDocument.sample("job", 0, .completed, exit: exit(0)), Int32(0), "job/0 exited with status 0"),
        (.sample("job", 0, .failed, exit: exit(3)), 3, "job/0 exited with status 3"),
        (.sample("job", 0, .failed, exit: exit(nil, "SIGKILL")), 137, "job/0 was ended by SIGKILL"),
        (.sample("job", 0, .failed, reason: "no such file"), 1, "job/0 failed: no such file"),
        // It ended well, but should not have: it is there to serve.
        (.sample("job", 0, .failed, exit: exit(0)), 1, "job/0 exited with status 0"),
        (.sample("job", 0, .stopped, exit: exit(nil)), 1, "job/0 ended, exit status unknown"),
        (.sample("job", 0, .stopped), 0, "job/0 has not run"),
    ])
    func howItEnded(replica: ReplicaDocument, status: Int32, words: String) {
        #expect(replica.exitStatus == CommandStatus(rawValue: status))
        #expect(replica.ending == words)
    }

    @Test func aScheduledOneIsAtRestBetweenItsRuns() {
        #expect(ReplicaDocument.sample("job", 0, .scheduled).isAtRest)
        #expect(!ReplicaDocument.sample("job", 0, .running, pid: 3).isAtRest)
        #expect(!ReplicaDocument.sample("job", 0, .backoff).isAtRest)
    }
}
