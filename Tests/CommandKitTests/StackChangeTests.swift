import ArgumentParser
import ControlProtocol
import FoundationEssentials
import StackModel
import Testing

@testable import CommandKit

/// What a command does about a stack that runs from something else than it was given.
struct StackChangeTests {
    private func loaded(_ directory: TemporaryDirectory) throws -> LoadedStack {
        let path = directory.path + "/stack.yaml"
        try "name: shop\nservices: {db: {command: [db]}, web: {command: [web]}}\n".write(
            toFile: path, atomically: true, encoding: .utf8)
        return try StackSelection(files: [path], selection: SelectionOptions.parse([])).load()
    }

    @Test func otherFilesThanThoseOfTheStackThatRunsAreRefused() throws {
        let directory = try TemporaryDirectory()
        let stack = try loaded(directory)
        let time = Timestamp(milliseconds: 0)
        func running(_ files: String...) -> StackDocument {
            StackDocument(
                name: "shop", state: .ready, ready: true, since: time, files: files,
                directories: .init(state: "/s", run: "/r", logs: "/l"),
                daemon: .init(pid: 1, version: "", since: time))
        }
        try stack.checkIsSame(as: running(directory.path + "/./stack.yaml"))
        let failure = #expect(throws: CommandFailure.self) { try stack.checkIsSame(as: running("/other.yaml")) }
        #expect(failure?.message.contains("/other.yaml") == true)
    }

    @Test func aProfileThatTheDaemonLacksIsRefused() throws {
        let stack = try loaded(try TemporaryDirectory())
        func plan(_ services: String...) -> PlanDocument {
            PlanDocument(plan: "ab", changes: services.map { .init(service: $0, kind: .none) }, event: 0)
        }
        try stack.checkIsWhole(in: plan("db", "gone", "web"))
        let failure = #expect(throws: CommandFailure.self) { try stack.checkIsWhole(in: plan("db")) }
        #expect(failure?.message.contains("web") == true)
    }
}
