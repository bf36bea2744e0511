import ControlClient
import ControlProtocol
import Testing

@testable import CommandKit

struct CommandFailureTests {
    @Test func theStatusesAreThoseThatAreDocumented() {
        let statuses: [CommandStatus] = [.done, .failed, .usage, .invalidFile, .noDaemon, .noSuchService, .timedOut]
        #expect(statuses.map(\.rawValue) == [0, 1, 2, 3, 4, 5, 6])
    }

    @Test(arguments: [
        (ControlClientError.noDaemon("/s"), CommandStatus.noDaemon),
        (.unreachable(path: "/s", reason: "Permission denied"), .noDaemon),
        (.problem(.noSuchService("x")), .noSuchService),
        (.problem(.noSuchReplica(3, of: "x", indices: [0])), .noSuchService),
        (.problem(.shuttingDown), .failed),
        (.problem(.badRequest("x")), .usage),
        (.timedOut, .timedOut),
        (.disconnected, .failed),
        (.unexpectedAnswer("x"), .failed),
    ])
    func whatTheClientReportsHasAStatus(error: ControlClientError, status: CommandStatus) {
        let failure = CommandFailure(error)
        #expect(failure.status == status)
        #expect(failure.message == error.description)
    }

    @Test func anUnknownServiceIsToldWithTheLikeliest() {
        let failure = #expect(throws: CommandFailure.self) { try checkServices(["web", "dbb"], among: ["db", "web"]) }
        #expect(failure?.status == .noSuchService)
        #expect(failure?.message == "there is no service \"dbb\"")
        #expect(failure?.advice == "did you mean \"db\"?")
    }

    @Test func whatIsLikeNothingIsToldWithWhatThereIs() {
        let failure = #expect(throws: CommandFailure.self) { try checkServices(["queue"], among: ["db", "web"]) }
        #expect(failure?.advice == "there are: db, web")
    }
}
