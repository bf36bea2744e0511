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

    init(files: [String], selection: SelectionOptions) {
        let environment = processEnvironment()
        self.files = files
        profiles = selection.profile
        socket = selection.socket ?? environment["STACKD_SOCKET"].flatMap { $0.isEmpty ? nil : $0 }
        self.environment = environment
        uid = geteuid()
    }

    /// The files' content, whose warnings are told on standard error.
    ///
    /// - Throws: `CommandFailure` where there is no file, and `CommandStatus.invalidFile` after telling every fault.
    func load() throws -> LoadedStack {
        let reading = try read()
        reading.tell { _ in true }
        guard let stack = reading.stack else { throw CommandStatus.invalidFile }
        return stack
    }

    /// The daemon of the stack. Where no option names its socket, the files are read for the stack's name; what runs is
    /// reached all the same where they are broken by now.
    func client() async throws -> ControlClient {
        if let socket { return ControlClient(socketPath: socket) }
        let reading = try read()
        if let stack = reading.stack { return ControlClient(socketPath: stack.socketPath) }
        if let client = await RunningStacks(environment: environment, uid: uid).client(ofFiles: reading.files) {
            reading.tellBriefly()
            return client
        }
        reading.tell { $0.severity == .error }
        throw CommandStatus.invalidFile
    }

    /// As `client`, but nil where neither an option nor a file tells which stack is meant.
    func clientIfFound() async throws -> ControlClient? {
        if socket == nil, !namesFiles { return nil }
        return try await client()
    }

    /// As `load`, but nil where nothing names a file, and without its warnings, which were told at the start.
    func stackIfFound() throws -> LoadedStack? {
        guard namesFiles else { return nil }
        let reading = try read()
        guard let stack = reading.stack else {
            reading.tell { $0.severity == .error }
            throw CommandStatus.invalidFile
        }
        return stack
    }

    private var namesFiles: Bool {
        !files.isEmpty || !StackFileSearch(environment: environment).found().isEmpty
    }

    private func read() throws(CommandFailure) -> StackReading {
        let files = try StackFileSearch(environment: environment).files(named: files)
        let result = StackFile.load(files: files, environment: environment, profiles: Set(profiles))
        guard let spec = result.spec, let resolved = result.resolved else {
            return StackReading(files: files, diagnostics: result.diagnostics)
        }
        let stack = LoadedStack(
            spec: spec, resolved: resolved, files: files, profiles: profiles, customSocket: socket,
            paths: StackPaths(name: spec.name, environment: environment, uid: uid),
            variables: environment.filter { result.variables.contains($0.key) })
        return StackReading(files: files, diagnostics: result.diagnostics, stack: stack)
    }
}

/// What came of reading a stack's files.
private struct StackReading {
    var files: [String]
    var diagnostics: [Diagnostic]
    /// Nil where there is an error.
    var stack: LoadedStack?

    func tell(_ isTold: (Diagnostic) -> Bool) {
        let errors = TextOutput.standardError()
        for diagnostic in diagnostics where isTold(diagnostic) { try? errors.writeLine(diagnostic.text) }
    }

    /// For a command to which the file does not matter.
    func tellBriefly() {
        let count = diagnostics.count { $0.severity == .error }
        let output = TextOutput.standardError()
        let text = "the stack file has \(count) \(count == 1 ? "error" : "errors") by now (\"stackctl config\" tells): "
        try? output.writeLine(output.palette(.yellow, text + "this is about the stack as it runs"))
    }
}

extension StackPaths {
    /// Where the daemon keeps what the services write.
    var logs: String { "\(stateDirectory)/logs" }
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
    /// What the environment has of the variables that the files refer to.
    var variables: [String: String]

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
