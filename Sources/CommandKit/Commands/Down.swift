import ArgumentParser
import ControlClient
import ControlProtocol
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
            // As Compose has it: what should be down is down.
            try await errors.print("nothing to stop: no daemon listens on \(client.socketPath)")
            return
        }
        await display.begin(with: before)
        try await ask(client)
        let wait = ServiceWait(client: client, goal: .stopped, timeout: waiting.timeout?.duration, display: display)
        if let services = try await wait.untilDaemonIsGone() {
            throw wait.timeIsUp(services)
        }
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
