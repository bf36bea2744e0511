import ControlClient
import ControlProtocol
import Glibc
import StackFile
import StackModel

/// Which stack a command is for, as its options and the environment tell.
struct StackSelection: Sendable {
    /// Those of the command line; the environment and the directory stand in for none.
    var files: [String]
    var profiles: [String]
    var socket: String?
    var environment: [String: String]
    var uid: UInt32

    init(files: [String], common: CommonOptions) {
        let environment = processEnvironment()
        self.files = files
        profiles = common.profile
        socket = common.socket ?? environment["STACKD_SOCKET"].flatMap { $0.isEmpty ? nil : $0 }
        self.environment = environment
        uid = geteuid()
    }

    /// The files' content, whose warnings are told on standard error.
    ///
    /// - Throws: `CommandFailure` where there is no file, and `CommandStatus.invalidFile` after telling every fault.
    func load() throws -> LoadedStack {
        try load { _ in true }
    }

    /// The daemon of the stack. Where no option names its socket, the files are read for the stack's name.
    func client() throws -> ControlClient {
        if let socket { return ControlClient(socketPath: socket) }
        do {
            // A warning has been told when the stack was started.
            return ControlClient(socketPath: try load { $0.severity == .error }.socketPath)
        } catch CommandStatus.invalidFile {
            try? TextOutput.standardError().writeLine(
                "a stack that runs is reached all the same by its socket: --socket PATH, or STACKD_SOCKET")
            throw CommandStatus.invalidFile
        }
    }

    private func load(telling isTold: (Diagnostic) -> Bool) throws -> LoadedStack {
        let files = try StackFileSearch(environment: environment).files(named: files)
        let result = StackFile.load(files: files, environment: environment, profiles: Set(profiles))
        let errors = TextOutput.standardError()
        for diagnostic in result.diagnostics where isTold(diagnostic) { try? errors.writeLine(diagnostic.text) }
        guard let spec = result.spec, let resolved = result.resolved else { throw CommandStatus.invalidFile }
        return LoadedStack(
            spec: spec, resolved: resolved, files: files, profiles: profiles, customSocket: socket,
            paths: StackPaths(name: spec.name, environment: environment, uid: uid))
    }

    /// As `load`, but nil where neither an option nor the environment nor the directory names a file.
    func stackIfFound() throws -> LoadedStack? {
        if files.isEmpty, StackFileSearch(environment: environment).found().isEmpty { return nil }
        return try load { $0.severity == .error }
    }

    /// As `client`, but nil where neither an option nor a file tells which stack is meant.
    func clientIfFound() throws -> ControlClient? {
        if socket == nil, files.isEmpty, StackFileSearch(environment: environment).found().isEmpty { return nil }
        return try client()
    }
}

/// A stack whose files are in order.
struct LoadedStack: Sendable {
    var spec: StackSpec
    var resolved: ResolvedFile
    var files: [String]
    var profiles: [String]
    /// The socket that the user asked for in place of the stack's own.
    var customSocket: String?
    var paths: StackPaths

    var name: String { spec.name }

    var socketPath: String { customSocket ?? paths.controlSocket }
}

/// A service that the stack does not have is told together with those that it has.
func checkServices(_ names: [String], among known: [String]) throws(CommandFailure) {
    for name in names where !known.contains(name) {
        throw CommandFailure(.noSuchService, "there is no service \"\(name)\"", advice: advice(for: name, among: known))
    }
}

/// `did you mean "backend"?`, else `there are: backend, db`
func advice(for word: String, among names: [String]) -> String? {
    if let meant = suggestion(for: word, among: names) { return "did you mean \"\(meant)\"?" }
    return names.isEmpty ? nil : "there are: \(names.joined(separator: ", "))"
}
