import ControlProtocol
import LinuxRuntime
import StackModel
import Testing

@testable import DaemonKit

@Suite struct LauncherTests {
    private func launcher(_ environment: [String: String] = [:]) -> Launcher {
        let stack = StackSpec(name: "shop", directory: "/stacks", services: [])
        return Launcher(
            DaemonConfiguration(
                stack: stack, files: [], paths: StackPaths(name: "shop", environment: [:], uid: 0),
                environment: environment))
    }

    private func request(
        _ process: ProcessSpec, environment: [String: String] = [:], ports: [String: UInt16] = [:]
    ) throws -> SpawnRequest {
        let launcher = launcher(environment)
        let spec = ServiceSpec(name: name("api"), process: process)
        return try launcher.request(
            for: spec, in: launcher.context(for: ReplicaID(service: name("api"), index: 3), ports: ports))
    }

    @Test func templatesAreFilledForTheReplica() throws {
        let request = try request(
            ProcessSpec(
                command: [Template(parts: [.runDirectory, .text("/x")]), Template(parts: [.replicaIndex])],
                environment: [EnvironmentVariable(name: "P", value: Template(parts: [.port("admin")]))]),
            ports: ["admin": 81])
        #expect(request.arguments == ["/run/stackd/shop/x", "3"])
        #expect(request.environment["P"] == "81")
        #expect(request.environment["PORT_ADMIN"] == "81")
    }

    @Test func ofTheDaemonsEnvironmentOnlyWhatEveryProgramNeedsIsHandedOn() throws {
        let request = try request(
            ProcessSpec(command: ["x"], environment: [EnvironmentVariable(name: "LANG", value: "C")]),
            environment: ["PATH": "/bin", "LANG": "de_DE.UTF-8", "SECRET": "s", "NOTIFY_SOCKET": "/n"])
        #expect(request.environment["PATH"] == "/bin")
        #expect(request.environment["LANG"] == "C")
        #expect(request.environment["SECRET"] == nil)
        #expect(request.environment["NOTIFY_SOCKET"] == nil)
        #expect(request.environment["STACKD_SERVICE"] == "api")
        #expect(request.environment["STACKD_REPLICA"] == "3")
        #expect(request.environment["STACKD_SOCKET"] == "/run/stackd/shop/control/socket")
    }

    @Test(arguments: [(nil, "/stacks"), ("data", "/stacks/data"), ("/var/x", "/var/x")])
    func relativeDirectoriesStartFromTheStacks(given: String?, expected: String) throws {
        let process = ProcessSpec(command: ["x"], workingDirectory: given.map { Template($0) })
        #expect(try request(process).workingDirectory == expected)
    }

    @Test func aUsersAccountSetsHomeUnlessTheFileDoes() throws {
        var request = try request(ProcessSpec(command: ["x"], user: "root"), environment: ["HOME": "/daemon"])
        #expect(request.environment["HOME"] == "/root")
        #expect(request.credentials?.uid == 0)
        request = try self.request(
            ProcessSpec(command: ["x"], environment: [EnvironmentVariable(name: "HOME", value: "/mine")], user: "root"))
        #expect(request.environment["HOME"] == "/mine")
    }

    @Test func anUnknownUserIsNamed() {
        #expect(throws: SpawnError.self) { try request(ProcessSpec(command: ["x"], user: "no-such-user")) }
    }

    @Test func onlyTheHostsFailuresAreTransient() {
        #expect(SpawnFailure(stage: "clone", errno: 11, message: "").isTransient)
        #expect(SpawnFailure(stage: "output", errno: 24, message: "").isTransient)
        #expect(!SpawnFailure(stage: "executable", errno: 2, message: "").isTransient)
        #expect(!SpawnFailure(stage: "executable", errno: 12, message: "").isTransient)
        #expect(!SpawnFailure(stage: "user", errno: 1, message: "").isTransient)
    }
}
