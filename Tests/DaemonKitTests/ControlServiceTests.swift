import ControlProtocol
import ControlServer
import StackModel
import Testing

@testable import DaemonKit

@Suite struct ControlServiceTests {
    @Test func onceStoppedItDoesNotBegin() async throws {
        let directory = try TemporaryDirectory()
        let service = ControlService(try ControlSocket(path: "\(directory.path)/socket"))
        await service.stop()
        #expect(try await !service.start(for: NoController()))
    }

    @Test func itServesOnce() async throws {
        let directory = try TemporaryDirectory()
        let service = ControlService(try ControlSocket(path: "\(directory.path)/socket"))
        #expect(try await service.start(for: NoController()))
        #expect(try await !service.start(for: NoController()))
        await service.stop()
    }
}

/// A stack without services.
private struct NoController: StackController {
    func stack() -> StackDocument {
        StackDocument(
            name: "none", state: .stopped, ready: false, since: Timestamp(milliseconds: 0), files: [],
            directories: StackDocument.Directories(state: "", run: "", logs: ""),
            daemon: StackDocument.Daemon(pid: 1, version: "", since: Timestamp(milliseconds: 0)))
    }

    func services() -> [ServiceDocument] { [] }
    func service(_ name: ServiceName) throws(ControlProblem) -> ServiceDocument { throw .noSuchService(name.text) }

    func explain(_ service: ServiceName, replica: Int?) throws(ControlProblem) -> [EventDocument] {
        throw .noSuchService(service.text)
    }

    func events(_ query: EventQuery) -> Subscription<EventDocument> { Subscription(backlog: [], feed: nil) }
    func logs(_ query: LogQuery) -> Subscription<LogLine> { Subscription(backlog: [], feed: nil) }
    func perform(_ command: ControlCommand) -> AcceptedDocument { AcceptedDocument(services: [], event: 0) }
    func doctor() -> [DoctorCheck] { [] }
}
