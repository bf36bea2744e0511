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
        #expect(try await !start(service, in: directory))
    }

    @Test func itServesOnce() async throws {
        let directory = try TemporaryDirectory()
        let service = ControlService(try ControlSocket(path: "\(directory.path)/socket"))
        #expect(try await start(service, in: directory))
        #expect(try await !start(service, in: directory))
        await service.stop()
    }

    private func start(_ service: ControlService, in directory: TemporaryDirectory) async throws -> Bool {
        try await service.start(
            for: NoController(), ControlSpec(), audit: AuditFile(path: "\(directory.path)/audit.log"))
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

    func scaling(of service: ServiceName) throws(ControlProblem) -> ScalingStatusDocument {
        throw .noSuchService(service.text)
    }

    func scale(_ service: ServiceName, to replicas: Int) throws(ControlProblem) -> ScaledDocument {
        throw .noSuchService(service.text)
    }

    func events(_ query: EventQuery) -> Subscription<EventDocument> { Subscription(backlog: [], feed: nil) }
    func logs(_ query: LogQuery) -> Subscription<LogLine> { Subscription(backlog: [], feed: nil) }
    func perform(_ command: ControlCommand) -> AcceptedDocument { AcceptedDocument(services: [], event: 0) }
    func doctor() -> [DoctorCheck] { [] }
    func resolvedFile() -> String { "{}\n" }
    func plan(_ request: PlanRequest) throws(ControlProblem) -> PlanDocument { throw .shuttingDown }
    func apply(_ request: ApplyRequest) throws(ControlProblem) -> PlanDocument { throw .shuttingDown }
    func usage() -> [UsageDocument] { [] }
    func watch() -> Subscription<WatchDocument> { Subscription(backlog: [], feed: nil) }

    func metrics() -> StackMetrics {
        StackMetrics(
            stack: stack(), services: [],
            daemon: StackMetrics.Daemon(
                turns: StackMetrics.Histogram(), spawns: StackMetrics.Histogram(), residentBytes: 0, cpuSeconds: 0,
                openDescriptors: 0, events: 0))
    }

    func execute(
        _ request: ExecutionRequest, of service: ServiceName, besideInstance: Bool
    ) throws(ControlProblem) -> Subscription<ExecutionRecord> {
        throw .noSuchService(service.text)
    }

    func control(_ id: UInt64, _ action: ExecutionAction) throws(ControlProblem) { throw .noSuchExecution(id) }
}
