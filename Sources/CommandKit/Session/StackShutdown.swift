import ControlClient
import ControlProtocol

/// The end of a stack in order, and of its daemon, waited for.
struct StackShutdown {
    var client: ControlClient
    var errors: Console
    var waiting = Waiting()

    /// Returns when nobody answers on the socket any more; false where nobody did from the beginning.
    ///
    /// - Throws: `CommandFailure` where the time was up before, and what the client throws.
    @discardableResult
    func run() async throws -> Bool {
        let display = ProgressDisplay(console: errors, patience: WaitingOptions.patience)
        guard let before = try await ifDaemonListens({ () throws(ControlClientError) in try await client.services() })
        else { return false }
        await display.begin(with: before)
        let wait = ServiceWait(client: client, goal: .stopped, timeout: waiting.timeout, display: display)
        try await ask()
        guard waiting.isWanted else { return true }
        if let services = try await wait.untilDaemonIsGone() { throw wait.timeIsUp(services) }
        try await errors.print("the stack is down")
        return true
    }

    /// It is no fault that somebody else has asked before.
    private func ask() async throws(ControlClientError) {
        do {
            _ = try await client.shutdown(grace: waiting.grace)
        } catch {
            guard case .problem(let problem) = error, problem.code == .shuttingDown else { throw error }
        }
    }
}
