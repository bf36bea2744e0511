import ControlClient
import Testing

@testable import CommandKit

struct CompletionTests {
    @Test func theDaemonThatASocketNamesIsAsked() async throws {
        let daemon = ScriptedDaemon(.db, .web(2)) { _, _ in }
        try await withServer(of: daemon) { client, _ in
            for line in ["stackctl exec --socket \(client.socketPath)", "stackctl --socket \(client.socketPath) ps"] {
                let completion = ServiceCompletion(words: words(line) + [""], patience: .seconds(60))
                #expect(await completion.names() == ["db", "web"])
            }
        }
    }

    @Test(arguments: ["stackctl ps --socket /nowhere", "stackctl ps --file /nowhere", "stackctl", ""])
    func whatCannotBeKnownIsNothing(line: String) async {
        #expect(await ServiceCompletion(words: words(line)).names().isEmpty)
    }
}
