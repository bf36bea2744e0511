/// One run of an `mcp` probe with a server of its own, over the server's standard streams.
///
/// Standard input and output are one end of a socket pair: to half-close it is how the specification asks a server to
/// leave, and a write to a server that has gone fails without SIGPIPE.
final class MCPStdioProbeRun: RunningProbe {
    private enum State {
        case talking
        /// The server has closed its output; how it ended is not known yet.
        case ending(EventLoop.Timer)
        /// The first server has gone; what it left behind goes before the second one comes.
        case restarting
        /// The outcome is reported, and the server asked to leave.
        case leaving(EventLoop.Timer)
        case ended
    }

    /// How long the exit of a server that closed its output is waited for, to be told.
    private static let exitDelay = Duration.milliseconds(200)

    private let program: ProbeProgram
    private let wantedTools: [String]
    private let tools: ProbeTools
    private let report: (ProbeResult) -> Void
    private var conversation: MCPConversation
    private var state = State.ended
    private var process: ProbeProcess?
    private var connection: StreamConnection?
    private var patience: EventLoop.Timer?
    private var line: [UInt8] = []
    private var isSecondServer = false
    private var wasAnswered = false

    init(_ program: ProbeProgram, wantedTools: [String], tools: ProbeTools, report: @escaping (ProbeResult) -> Void) {
        self.program = program
        self.wantedTools = wantedTools
        self.tools = tools
        self.report = report
        conversation = MCPConversation(tools: wantedTools)
    }

    func start() {
        attempt { () throws(ProbeFailure) in try launch() }
    }

    private func attempt(_ body: () throws(ProbeFailure) -> Void) {
        do throws(ProbeFailure) {
            try body()
        } catch {
            cancel()
            report(.failed(error.words))
        }
    }

    func cancel() {
        if let patience { tools.loop.cancel(patience) }
        switch state {
        case .ending(let timer), .leaving(let timer): tools.loop.cancel(timer)
        case .talking, .restarting, .ended: break
        }
        state = .ended
        connection?.close()
        connection = nil
        process?.end()
        process = nil
    }

    // MARK: The server

    private func launch() throws(ProbeFailure) {
        let connection = StreamConnection(loop: tools.loop) { [self] event in handle(event) }
        self.connection = connection
        let serversEnd: Descriptor
        do throws(SystemError) {
            serversEnd = try connection.openPair()
        } catch {
            throw ProbeFailure(error.description)
        }
        process = try ProbeProcess(program, standardInputAndOutput: serversEnd.number, tools: tools) { [self] status in
            exited(status)
        }
        state = .talking
        line = []
        if conversation.isDiscovering {
            patience = tools.loop.schedule(after: MCPLimits.patience) { [self] in
                carryOut(conversation.stopWaitingForDiscovery())
            }
        }
        send([conversation.opening])
    }

    private func handle(_ event: StreamConnection.Event) {
        switch (event, state) {
        case (.received(let bytes), .talking):
            receive(bytes)
        case (.ended, .talking), (.failed, .talking):
            connection?.close()
            let timer = tools.loop.schedule(after: Self.exitDelay) { [self] in left("it closed its output") }
            state = .ending(timer)
        case (.ended, _):
            connection?.close()
        case (.connected, _), (.received, _), (.failed, _):
            break
        }
    }

    private func exited(_ status: ProcessExit) {
        // Its last words may still lie in the socket, of which the end is not waited for: an orphan may hold it.
        connection?.receivePending()
        switch state {
        case .talking, .ending: left(process?.words(for: status) ?? status.description)
        case .leaving, .restarting, .ended: cancel()
        }
    }

    /// The server went before the conversation was over.
    private func left(_ how: String) {
        guard !wasAnswered, !isSecondServer else {
            cancel()
            return report(.failed("the server ended: \(how)"))
        }
        // Some older servers give up when asked anything before `initialize`: such a one gets a second chance.
        isSecondServer = true
        restart()
    }

    private func restart() {
        if let patience { tools.loop.cancel(patience) }
        if case .ending(let timer) = state { tools.loop.cancel(timer) }
        connection?.close()
        conversation = MCPConversation(tools: wantedTools, asksToInitialize: true)
        state = .restarting
        attempt { () throws(ProbeFailure) in
            try process?.end { [self] in
                if case .restarting = state { start() }
            }
        }
    }

    // MARK: Messages

    private func receive(_ bytes: ArraySlice<UInt8>) {
        var rest = bytes
        while case .talking = state, !rest.isEmpty {
            let end = rest.firstIndex(of: 0x0A)
            line += rest[..<(end ?? rest.endIndex)]
            rest = rest[(end.map { $0 + 1 } ?? rest.endIndex)...]
            guard line.count <= MCPLimits.message else {
                return finish(.failed("the server sent a message longer than \(MCPLimits.message >> 10) KiB"))
            }
            guard end != nil else { return }
            let message = line
            line = []
            // What is not JSON-RPC does not belong there, but chatty servers work with every other client.
            guard let json = try? JSON(parsing: message), let (id, answer) = MCPAnswer.parse(json) else { continue }
            wasAnswered = true
            carryOut(conversation.receive(answer, to: id))
        }
    }

    private func carryOut(_ step: MCPConversation.Step) {
        send(step.messages)
        if let result = step.result { finish(result) }
    }

    private func send(_ messages: [MCPMessage]) {
        for message in messages { connection?.send(Array((message.text + "\n").utf8)) }
    }

    private func finish(_ result: ProbeResult) {
        connection?.finishSending()
        if let patience { tools.loop.cancel(patience) }
        state = .leaving(tools.loop.schedule(after: MCPLimits.farewell) { [self] in cancel() })
        report(result)
    }
}
