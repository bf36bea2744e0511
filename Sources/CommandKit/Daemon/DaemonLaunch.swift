import Glibc
import StackModel

/// What `stackctl up` wants a new daemon to run.
struct DaemonLaunch: Sendable {
    var executable: String
    var files: [String]
    var profiles: [String]
    /// None means every service.
    var services: [String]
    /// Where it is not the stack's usual one.
    var socket: String?
    var logPath: String
    /// The daemon shuts the stack down when this process ends, however it ends.
    var endsWithThisProcess: Bool
    /// It starts nothing: it ends what an earlier daemon left running, and then itself.
    var onlyEndsLeftovers = false

    /// The numbers of the descriptors that the daemon gets beside the standard ones.
    private static let readyNumber: Int32 = 3
    private static let lifelineNumber: Int32 = 4

    /// The daemon's command line.
    var arguments: [String] {
        var result = ["run"]
        for file in files { result += ["-f", file] }
        for profile in profiles { result += ["--profile", profile] }
        if let socket { result += ["--socket", socket] }
        result += ["--ready-fd", "\(Self.readyNumber)"]
        if onlyEndsLeftovers { result += ["--end-leftovers"] }
        if endsWithThisProcess { result += ["--lifeline", "\(Self.lifelineNumber)"] }
        return result + services
    }

    /// Starts the daemon and returns when its socket accepts.
    ///
    /// - Throws: `SystemError` where it cannot be started, `CommandFailure` with what it wrote where it ended before.
    func start() async throws -> LaunchedDaemon {
        let log = try DaemonLog(path: logPath)
        let daemon = try spawn(log)
        guard await daemon.isReady() else {
            let ending = await daemon.process.exit()
            throw Self.failure(ending, log: log.tail(), path: logPath)
        }
        return daemon
    }

    /// Runs the daemon until it has ended by itself.
    ///
    /// - Throws: `SystemError` where it cannot be started, `CommandFailure` with what it wrote where it failed.
    func runToEnd() async throws {
        let log = try DaemonLog(path: logPath)
        let ending = try await spawn(log).process.exit()
        guard ending.isSuccess else { throw Self.failure(ending, log: log.tail(), path: logPath) }
    }

    private func spawn(_ log: borrowing DaemonLog) throws(SystemError) -> LaunchedDaemon {
        let null = try Descriptor.open("/dev/null", O_RDONLY)
        let ready = try Descriptor.pipe()
        let lifeline = try Descriptor.pipe()
        var descriptors = [
            0: null.number, 1: log.descriptor.number, 2: log.descriptor.number, Self.readyNumber: ready.writing.number,
        ]
        if endsWithThisProcess { descriptors[Self.lifelineNumber] = lifeline.reading.number }
        let process = try ChildProcess(executable: executable, arguments: arguments, descriptors: descriptors)
        return LaunchedDaemon(process: process, ready: ready.reading, lifeline: lifeline.writing)
    }

    /// A daemon that did not come up tells by its exit status what `stackctl` is to tell by its own.
    private static func failure(_ ending: ExitStatus, log: String, path: String) -> CommandFailure {
        var status = CommandStatus.failed
        if case .exited(let code) = ending, code != 0 { status = CommandStatus(rawValue: code) }
        let lines = log.split(separator: "\n")
        let written = lines.isEmpty ? "" : ":\n" + lines.joined(separator: "\n")
        return CommandFailure(status, "stackd \(ending) before it was ready" + written, advice: "its log is \(path)")
    }
}
