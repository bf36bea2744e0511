import ControlProtocol
import StackModel
import Testing

@testable import DaemonKit

@Suite struct ExecutionRequestSpecTests {
    private let spec = ServiceSpec(
        name: name("api"),
        process: ProcessSpec(
            command: ["serve"], environment: [EnvironmentVariable(name: "A", value: "file")], user: "shop",
            group: "web"))

    @Test func whatIsNotGivenIsTheServices() {
        #expect(ExecutionRequest(command: []).applied(to: spec) == spec)
    }

    @Test func whatIsGivenComesBeforeTheServices() {
        let request = ExecutionRequest(
            command: ["sh", "-c", "${state_dir}"], environment: ["A": "client", "B": "${port.x}"], user: "other",
            workingDirectory: "/tmp")
        let process = request.applied(to: spec).process
        // Nothing in it is a hole to be filled.
        #expect(process.command == ["sh", "-c", "${state_dir}"].map { Template($0) })
        #expect(process.environment.map(\.name) == ["A", "B"])
        #expect(process.environment.map(\.value) == [Template("client"), Template("${port.x}")])
        #expect(process.workingDirectory == "/tmp")
        // The group was that of the service's user.
        #expect(process.user == "other" && process.group == nil)
    }

    @Test func aUserMayBringAGroup() throws {
        let request = ExecutionRequest(command: ["id"], user: "1000:web")
        try request.check()
        let process = request.applied(to: spec).process
        #expect(process.user == "1000" && process.group == "web")
    }

    @Test(arguments: ["", ":web", "shop:", "a:b:"]) func aUserIsNamed(user: String) {
        #expect(throws: ControlProblem.self) { try ExecutionRequest(command: ["id"], user: user).check() }
    }

    @Test func nobodyIsAtTheTerminalOfADetachedCommand() throws {
        let size = ExecutionRequest.TerminalSize(rows: 24, columns: 80)
        #expect(throws: ControlProblem.self) {
            try ExecutionRequest(command: ["id"], terminal: size, detach: true).check()
        }
        #expect(throws: ControlProblem.self) {
            try ExecutionRequest(command: ["id"], input: true, detach: true).check()
        }
        try ExecutionRequest(command: ["id"], terminal: size, input: true).check()
    }

    @Test(arguments: [
        (["ls", "-l"], "`ls -l`"), (["sh", "-c", "a\nb"], "`sh -c a b`"),
        ([String(repeating: "x", count: 200)], "`\(String(repeating: "x", count: 79))…`"),
    ]) func commandsAreToldInALine(command: [String], expected: String) {
        #expect(ExecutionRequest.words(command) == expected)
    }
}
