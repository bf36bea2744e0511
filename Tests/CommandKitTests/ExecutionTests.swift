import ArgumentParser
import ControlProtocol
import Testing

@testable import CommandKit

/// What `exec` and `run` make of their command lines.
struct ExecutionTests {
    private static let size = TerminalSize(columns: 120, rows: 30)

    private func exec(_ line: String) throws -> Exec {
        try #require(try Stackctl.parseAsRoot(words("exec " + line)) as? Exec)
    }

    private func request(_ line: String, size: TerminalSize? = nil) throws -> ExecutionRequest {
        let exec = try exec(line)
        return exec.options.request(exec.command, own: ["TERM": "xterm", "HOME": "/h"], size: size)
    }

    @Test func whatFollowsTheServiceIsTheCommands() throws {
        let exec = try exec("-T -u nobody web/1 ls -la --help -T -- x")
        #expect(exec.target == ReplicaTarget(argument: "web/1"))
        #expect(exec.command == ["ls", "-la", "--help", "-T", "--", "x"])
        #expect(exec.options.user == "nobody")
        #expect(throws: (any Error).self) { try Stackctl.parseAsRoot(["exec", "web"]) }
        #expect(throws: (any Error).self) { try Stackctl.parseAsRoot(["exec", "--index", "1", "web/1", "ls"]) }
    }

    @Test func runTakesTheServicesOwnCommandWhereThereIsNone() throws {
        let run = try #require(try Stackctl.parseAsRoot(words("run --rm --no-deps web")) as? Run)
        #expect(run.command.isEmpty)
        #expect(run.noDeps)
        let other = try #require(try Stackctl.parseAsRoot(words("run web sh -c true")) as? Run)
        #expect(other.command == ["sh", "-c", "true"])
    }

    @Test func aTerminalIsMadeWhereThereIsOne() throws {
        #expect(try request("web sh", size: Self.size).terminal == .init(rows: 30, columns: 120))
        #expect(try request("web sh").terminal == nil)
        #expect(try request("-T web sh", size: Self.size).terminal == nil)
        #expect(try request("-t web sh").terminal == .init(rows: 24, columns: 80))
        #expect(try request("-it web sh", size: Self.size).terminal != nil)
        #expect(try request("-d web sh", size: Self.size).terminal == nil)
        #expect(try request("--no-interactive web sh", size: Self.size).terminal == nil)
    }

    @Test func inputIsPassedUnlessNobodyWouldReadIt() throws {
        #expect(try request("-T web cat").input)
        #expect(!(try request("--no-interactive web cat").input))
        #expect(!(try request("-d web cat").input))
    }

    @Test func variablesAreGivenOrPassedOn() throws {
        let environment = try request("-e A=1 -e A=b=c -e HOME -e NOWHERE -e EMPTY= web env").environment
        #expect(environment == ["A": "b=c", "HOME": "/h", "EMPTY": ""])
        #expect(throws: (any Error).self) { try exec("-e =x web env") }
    }

    @Test func aTerminalIsOfTheKindThatThisOneIs() throws {
        #expect(try request("web sh", size: Self.size).environment == ["TERM": "xterm"])
        #expect(try request("-e TERM=vt100 web sh", size: Self.size).environment == ["TERM": "vt100"])
    }

    @Test(arguments: [
        ("service_started", ReplicaDocument.State.running, false, true), ("service_started", .starting, false, false),
        ("service_healthy", .running, true, true), ("service_healthy", .running, false, false),
        ("service_completed_successfully", .completed, false, true),
        ("service_completed_successfully", .running, true, false), ("of another version", .running, true, false),
    ])
    func whatADependencyWaitsFor(condition: String, state: ReplicaDocument.State, isReady: Bool, holds: Bool) {
        let dependency = ServiceDocument.Dependency(service: "db", condition: condition)
        #expect(dependency.holds(among: [.sample("db", .sample("db", 0, state, ready: isReady))]) == holds)
        #expect(!dependency.holds(among: []))
    }

    @Test(arguments: [
        (["/x/src/a.py"], 1, "web is restarted: src/a.py changed"),
        (["/x/a", "/y/b"], 5, "web is restarted: a and 4 more changed"),
        (["/xy/a"], 1, "web is restarted: /xy/a changed"), ([], 3, "web is restarted: 3 files changed"),
    ])
    func whatWatchTells(paths: [String], count: Int, text: String) {
        let change = WatchDocument(time: Timestamp(milliseconds: 0), service: "web", paths: paths, count: count)
        let line = change.line(directory: "/x", palette: Palette(isColoured: false)) { _ in "T" }
        #expect(line == "T  " + text)
    }
}
