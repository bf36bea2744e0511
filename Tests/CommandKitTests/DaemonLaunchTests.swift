import FoundationEssentials
import Glibc
import StackModel
import Testing

@testable import CommandKit

/// Starts scripts that stand in for the daemon; one after the other, since a script that a child being made still has
/// open for writing cannot be run.
@Suite(.serialized)
struct DaemonLaunchTests {
    private func launch(_ script: String, in directory: TemporaryDirectory, endsWithThisProcess: Bool = true) throws
        -> DaemonLaunch
    {
        DaemonLaunch(
            executable: try directory.script(named: "stackd", script), files: ["a.yaml", "b.yaml"], profiles: ["dev"],
            services: ["web"], logPath: directory.path + "/state/shop/daemon.log",
            endsWithThisProcess: endsWithThisProcess)
    }

    @Test func theCommandLineNamesFilesProfilesAndServices() throws {
        let directory = try TemporaryDirectory()
        var launch = try launch("", in: directory)
        #expect(
            launch.arguments
                == words("run -f a.yaml -f b.yaml --profile dev --ready-fd 3 --lifeline 4 web"))
        launch.endsWithThisProcess = false
        launch.socket = "/s"
        #expect(launch.arguments == words("run -f a.yaml -f b.yaml --profile dev --socket /s --ready-fd 3 web"))
    }

    @Test func aDaemonIsStartedWhenItSaysSo() async throws {
        let directory = try TemporaryDirectory()
        let daemon = try await launch("printf 1 >&3; exit 7", in: directory).start()
        #expect(await daemon.process.exit() == .exited(code: 7))
    }

    @Test func aDaemonThatEndsBeforeIsToldWithItsLastWords() async throws {
        let directory = try TemporaryDirectory()
        let failure = try await #require(throws: CommandFailure.self) {
            _ = try await launch("echo no room >&2; exit 3", in: directory).start()
        }
        #expect(failure.status == .invalidFile)
        #expect(failure.message == "stackd exited with status 3 before it was ready:\nno room")
        #expect(failure.advice?.contains("daemon.log") == true)
    }

    @Test func onlyTheLastDaemonsWordsAreTold() async throws {
        let directory = try TemporaryDirectory()
        _ = await #expect(throws: CommandFailure.self) {
            _ = try await launch("echo first >&2; exit 1", in: directory).start()
        }
        let failure = try await #require(throws: CommandFailure.self) {
            _ = try await launch("echo second >&2; exit 1", in: directory).start()
        }
        #expect(failure.message.contains("second"))
        #expect(!failure.message.contains("first"))
    }

    @Test func theLifelineEndsWithItsOwner() async throws {
        let directory = try TemporaryDirectory()
        let process: ChildProcess
        do {
            // The script reads the lifeline to its end, so it ends only when that comes.
            let daemon = try await launch("printf 1 >&3; cat <&4; exit 5", in: directory).start()
            process = daemon.process
            #expect(kill(process.pid, 0) == 0)
        }
        #expect(await process.exit() == .exited(code: 5))
    }

    @Test func theTerminalsSignalsDoNotReachTheDaemon() async throws {
        let directory = try TemporaryDirectory()
        // The sixth field of its stat is a process's session; a session of its own bears its own number.
        let script = "set -- $(cat /proc/$$/stat); [ \"$6\" = $$ ] || exit 8; printf 1 >&3"
        let daemon = try await launch(script, in: directory, endsWithThisProcess: false).start()
        #expect(await daemon.process.exit() == .exited(code: 0))
    }

    @Test func aMissingProgramIsASystemError() async throws {
        let directory = try TemporaryDirectory()
        var launch = try launch("", in: directory)
        launch.executable = directory.path + "/missing"
        let error = try await #require(throws: SystemError.self) { _ = try await launch.start() }
        #expect(error.description == "\(directory.path)/missing: No such file or directory")
    }
}

/// A directory that is removed with its content where its owner ends.
final class TemporaryDirectory {
    let path: String

    init() throws {
        var template = Array("/tmp/stackctl-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw SystemError("mkdtemp", errno: errno) }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Writes an executable shell script and gives its path.
    func script(named name: String, _ text: String) throws -> String {
        let file = "\(path)/\(name)"
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o700)
        guard descriptor >= 0 else { throw SystemError("open \(file)", errno: errno) }
        defer { close(descriptor) }
        let content = "#!/bin/sh\n\(text)\n"
        guard write(descriptor, content, content.utf8.count) == content.utf8.count else {
            throw SystemError("write \(file)", errno: errno)
        }
        return file
    }
}
