import ArgumentParser
import ControlClient
import ControlProtocol
import Glibc
import StackModel

struct Down: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Stop the stack in order, and its daemon.",
        discussion: "What a daemon that was killed has left running is ended too.",
        examples: ["stackctl down", "stackctl down --wait-timeout 1m"])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var stopping: StoppingOptions
    @OptionGroup var compose: ComposeHabits.RemoveOrphans

    func run() async throws {
        let client = try await global.stack.client()
        let errors = Console(.standardError())
        let shutdown = StackShutdown(client: client, errors: errors, waiting: stopping.waiting)
        guard try await !shutdown.run() else { return }
        try await errors.print("no daemon listens on \(client.socketPath)")
        try await endLeftovers()
    }

    /// A daemon that was killed has left its instances: they are part of what should be down.
    private func endLeftovers() async throws {
        guard let stack = try global.stack.stackIfFound(), access(stack.paths.journal, F_OK) == 0 else { return }
        let launch = DaemonLaunch(
            executable: try DaemonExecutable.path(environment: processEnvironment()), files: stack.files,
            profiles: stack.profiles, services: [], socket: stack.customSocket, logPath: stack.paths.daemonLog,
            endsWithThisProcess: false, onlyEndsLeftovers: true)
        try await launch.runToEnd()
    }
}
