import ControlProtocol
import Glibc
import LinuxRuntime
import StackModel
import SupervisorCore
import Testing

@testable import DaemonKit

@Suite(.serialized) struct ExecutablesTests {
    private let bench: Bench
    private let replica = ReplicaID(service: name("web"), index: 0)

    init() throws {
        bench = try Bench()
    }

    /// A service whose program is a file that can be overwritten.
    private func spec() throws -> ServiceSpec {
        var spec = bench.spec("")
        spec.process.command = ["./program", "argument"]
        return spec
    }

    private func write(_ word: String) throws {
        let path = try bench.write("#!/bin/sh\necho \(word) $1 $(cat /proc/$$/comm) >$OUT\n", to: "program")
        chmod(path, 0o755)
    }

    private func resolved(_ spec: ServiceSpec) -> ServiceSpec {
        resolver.resolved(StackSpec(name: "shop", directory: bench.directory, services: [spec])).services[0]
    }

    private var resolver: RevisionResolver { bench.interpreter.executables.resolver }

    /// Keeps the revisions, and waits until there is a copy of each or it is told that there is none.
    private func keep(_ specs: ServiceSpec...) throws {
        bench.carryOut(.keepRevisions(name("web"), specs.map { ServiceRevision($0) }))
        let versions = specs.compactMap { $0.executable.map { FileStore.Version($0) } }
        let store = bench.interpreter.executables.store
        try bench.run { versions.allSatisfy { store.copy(of: $0) != nil } || !observations.isEmpty }
    }

    private var observations: [String] { bench.observations(of: .service(name("web"))) }

    // MARK: Revisions

    @Test func theRevisionTellsTheProgramsContent() throws {
        try write("one")
        let spec = try spec()
        let first = resolved(spec)
        #expect(first.executable?.path == "\(bench.directory)/program")
        #expect(first.revision != spec.revision && resolved(spec) == first)
        try write("two")
        let second = resolved(spec)
        #expect(second.revision != first.revision && second.executable?.digest != first.executable?.digest)
        try write("one")
        #expect(resolved(spec) == first)
        unlink("\(bench.directory)/program")
        #expect(resolved(spec).executable == nil && resolved(spec).revision == spec.revision)
    }

    @Test func theProgramIsLookedUpWhereTheProcessWould() throws {
        try write("one")
        var spec = try spec()
        spec.process.command = ["program"]
        #expect(resolved(spec).executable == nil)
        spec.process.environment.append(
            EnvironmentVariable(name: "PATH", value: Template("/no/such/directory:\(bench.directory)")))
        #expect(resolved(spec).executable?.path == "\(bench.directory)/program")
        spec.process.command = [Template(parts: [.text("./"), .serviceName])]
        try #require(mkdir("\(bench.directory)/work", 0o755) == 0)
        try #require(symlink("../program", "\(bench.directory)/work/web") == 0)
        spec.process.workingDirectory = "work"
        #expect(resolved(spec).executable?.path == "\(bench.directory)/work/web")
        #expect(resolver.executables(of: [spec]).keys.sorted() == [name("web")])
    }

    @Test func aSecretIsKnownByADigestThatTellsNothing() throws {
        var spec = try spec()
        spec.secrets = [SecretSpec(name: "key", path: try bench.write("hunter2", to: "key"))]
        let first = resolved(spec)
        #expect(first.secrets[0].digest != nil && first.revision != spec.revision)
        #expect(resolved(spec) == first)
        // Another daemon's key gives another digest.
        let other = try Bench()
        let elsewhere = other.interpreter.executables.resolver.resolved(
            StackSpec(name: "shop", directory: bench.directory, services: [spec]))
        #expect(elsewhere.services[0].secrets[0].digest != first.secrets[0].digest)
        _ = try bench.write("hunter3", to: "key")
        #expect(resolved(spec).revision != first.revision)
        unlink("\(bench.directory)/key")
        #expect(resolved(spec).secrets[0].digest == nil)
    }

    // MARK: Instances

    @Test func anInstanceOfAFormerRevisionIsMadeFromTheCopyOfItsProgram() throws {
        try write("one")
        let old = resolved(try spec())
        try keep(old)
        #expect(try bench.output(1, replica, old) == "one argument program\n")
        #expect(try bench.interpreter.executables.path(for: old) == nil)

        try write("two")
        let new = resolved(try spec())
        try keep(new, old)
        #expect(try bench.output(2, replica, old) == "one argument program\n")
        #expect(try bench.output(3, replica, new) == "two argument program\n")
        #expect(try bench.output(4, replica, old) == "one argument program\n")
        #expect(
            observations == [
                "\(bench.directory)/program is not the program of revision \(old.revision) any more: "
                    + "a copy of that is executed"
            ])
        // And when there is no such file any more.
        unlink("\(bench.directory)/program")
        #expect(try bench.output(5, replica, new) == "two argument program\n")
    }

    @Test func aFileThatNobodyHasReadYetIsNotWaitedFor() throws {
        try write("one")
        let old = resolved(try spec())
        try keep(old)
        // Nobody has told the daemon.
        try write("two")
        #expect(try bench.output(1, replica, old) == "one argument program\n")
        try bench.run { !observations.isEmpty }
        // Merely touched, it is what it was.
        try write("one")
        _ = try bench.output(2, replica, old)
        try bench.run { try bench.interpreter.executables.path(for: old) == nil }
        #expect(observations.count == 1)
    }

    @Test func withoutACopyTheSpawnFailsInWords() throws {
        try write("one")
        let old = resolved(try spec())
        try write("two")
        let program = "\(bench.directory)/program"
        // Until it is read there is nothing to say against it.
        let first = try #require(bench.spawn(1, replica, ServiceRevision(old)))
        #expect(first.isTransient)
        #expect(first.message == "\(program) was changed, and is read to know whether it is another")
        try keep(old)
        #expect(observations.count == 1)
        #expect(observations.first?.hasPrefix("once \(program) is another, there is no going back") == true)
        _ = resolved(try spec())
        let second = try #require(bench.spawn(2, replica, ServiceRevision(old)))
        #expect(!second.isTransient)
        #expect(second.message == "\(program) is another program than this revision's, of which there is no copy")
    }

    /// Root may read everything.
    @Test(.enabled(if: geteuid() != 0)) func aProgramThatCannotBeReadIsNoWantOfRoom() throws {
        try write("one")
        let old = resolved(try spec())
        let program = "\(bench.directory)/program"
        chmod(program, 0o111)
        var failure: SpawnFailure?
        try bench.run {
            do throws(SpawnFailure) { _ = try bench.interpreter.executables.path(for: old) } catch { failure = error }
            return failure?.errno == EACCES
        }
        #expect(failure?.isTransient == false)
        #expect(failure?.message == "\(program) was changed, and cannot be read to know whether it is another")
    }

    @Test func aOneOffInstanceIsOfTheRevisionsProgramToo() throws {
        try write("one")
        let old = resolved(try spec())
        try keep(old)
        try write("two")
        _ = try bench.interpreter.run(ExecutionRequest(command: []), of: old)
        try bench.run { try bench.read("out") == "one argument program\n" }
        _ = try bench.interpreter.run(ExecutionRequest(command: ["/bin/sh", "-c", "echo other >$OUT"]), of: old)
        try bench.run { try bench.read("out") == "other\n" }
    }
}
