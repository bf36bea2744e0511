import ArgumentParser
import ControlClient
import ControlProtocol
import Glibc
import StackModel

struct Down: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Stop the stack in order, and its daemon.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var waiting: WaitingOptions

    func run() async throws {
        let client = try global.stack.client()
        let errors = Console(.standardError())
        let display = ProgressDisplay(console: errors, patience: WaitingOptions.patience)
        guard let before = try await ifDaemonListens({ () throws(ControlClientError) in try await client.services() })
        else {
            try await endLeftovers(errors, socket: client.socketPath)
            return
        }
        await display.begin(with: before)
        try await ask(client)
        let wait = ServiceWait(client: client, goal: .stopped, timeout: waiting.timeout?.duration, display: display)
        if let services = try await wait.untilDaemonIsGone() {
            throw wait.timeIsUp(services)
        }
        try await errors.print("the stack is down")
    }

    /// A daemon that was killed has left its instances: they are part of what should be down.
    private func endLeftovers(_ errors: Console, socket: String) async throws {
        try await errors.print("no daemon listens on \(socket)")
        guard let stack = try global.stack.stackIfFound(), access(stack.paths.journal, F_OK) == 0 else { return }
        let launch = DaemonLaunch(
            executable: try DaemonExecutable.path(environment: processEnvironment()), files: stack.files,
            profiles: stack.profiles, services: [], socket: stack.customSocket, logPath: stack.paths.daemonLog,
            endsWithThisProcess: false, onlyEndsLeftovers: true)
        try await launch.runToEnd()
    }

    /// It is no fault that somebody else has asked before.
    private func ask(_ client: ControlClient) async throws(ControlClientError) {
        do {
            _ = try await client.shutdown()
        } catch {
            guard case .problem(let problem) = error, problem.code == .shuttingDown else { throw error }
        }
    }
}
