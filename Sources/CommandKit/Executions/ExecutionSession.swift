import ControlClient
import ControlProtocol
import Glibc
import StackModel

/// Runs a command by the daemon as if it ran here: its input, output, terminal, signals and end are this process's.
struct ExecutionSession: Sendable {
    var client: ControlClient
    var service: String
    var request: ExecutionRequest
    /// Beside an instance of the service, or as a one-off instance.
    var besideInstance: Bool

    /// So many signals that ask for an end are passed on; the next one is meant for this process.
    private static let patience = 3
    private static let remarks = TextOutput.standardError()

    /// Returns with the status of the command.
    ///
    /// - Throws: `ControlClientError` where it cannot be started, `CommandFailure` where the daemon goes before it ends,
    ///   `OutputFailure` where nobody reads its output any more.
    func run() async throws -> CommandStatus {
        let stream = try await client.execute(request, of: service, besideInstance: besideInstance)
        let terminal = RawTerminal(isUsed: request.terminal != nil && isatty(STDIN_FILENO) == 1)
        do {
            let status = try await follow(stream, terminal)
            await terminal.giveBack()
            return status
        } catch {
            // What is told of the error is for a terminal that does with a newline what it should.
            await terminal.giveBack()
            throw error
        }
    }

    private func follow(
        _ stream: ControlStream<ExecutionRecord>, _ terminal: RawTerminal
    ) async throws -> CommandStatus {
        var helpers: [Task<Void, Never>] = []
        defer { helpers.forEach { $0.cancel() } }
        let (output, errors) = (TextOutput.standardOutput(), Self.remarks)
        do {
            for try await record in stream {
                switch record {
                case .item(.started(let id, _)):
                    // First, so that none of them ends the process with the terminal taken.
                    let signals = Interrupts.stream(of: self.signals)
                    try await terminal.take()
                    helpers = [Task { await pass(signals, to: id, terminal) }]
                    if request.input { helpers.append(try passInput(to: id)) }
                case .item(.output(let stream, let bytes)):
                    try (stream == .stderr ? errors : output).write(bytes)
                case .item(.exited(let exit)):
                    return CommandStatus(exit)
                case .gap(let gap):
                    try errors.write("\(gap.text)\(request.terminal == nil ? "\n" : "\r\n")")
                }
            }
        } catch ControlClientError.disconnected {
            // It has ended, as at the end of the loop.
        }
        throw CommandFailure(
            .failed, "stackd ended before the command did", advice: "\"stackctl up -d\" starts it again")
    }
}

// MARK: - Input

extension ExecutionSession {
    private static let pieceSize = 32 << 10

    /// Passes standard input on in its order, one piece after the other: what is typed meanwhile is the next.
    private func passInput(to execution: UInt64) throws(SystemError) -> Task<Void, Never> {
        let reader = try InputReader(STDIN_FILENO)
        return Task {
            let input = client.input(of: execution)
            do {
                while case .bytes(let bytes) = await reader.read(limit: Self.pieceSize) {
                    try await input.send(bytes)
                }
                try await input.send([], isLast: true)
            } catch {
                // The command has ended or reads no more, or the daemon is gone: the stream tells.
            }
        }
    }
}

// MARK: - Signals

extension ExecutionSession {
    private var signals: [Signal] {
        Interrupts.ending + [.quit] + (request.terminal == nil ? [] : [.windowChange, .terminalStop, .goOn])
    }

    private func pass(_ signals: AsyncStream<Signal>, to execution: UInt64, _ terminal: RawTerminal) async {
        var asked = 0
        // It may have changed since it was asked for.
        if request.terminal != nil { await resize(execution) }
        for await signal in signals {
            switch signal {
            case .windowChange:
                await resize(execution)
            case .terminalStop:
                await terminal.giveBack()
                Interrupts.stopProcess()
                await takeAgain(execution, terminal)
            case .goOn:
                await takeAgain(execution, terminal)
            default:
                asked += 1
                if asked > Self.patience {
                    await terminal.giveBack()
                    exit(128 + signal.number)
                }
                try? await client.signal(execution, signal.description)
            }
        }
    }

    /// After a stop, when the shell has used the terminal.
    private func takeAgain(_ execution: UInt64, _ terminal: RawTerminal) async {
        try? await terminal.take()
        await resize(execution)
    }

    private func resize(_ execution: UInt64) async {
        guard let size = TextOutput.standardOutput().size else { return }
        let new = ExecutionRequest.TerminalSize(rows: size.rows, columns: size.columns)
        try? await client.resize(execution, to: new)
    }
}
