import ControlClient
import ControlProtocol
import StackModel

/// A foreground `up`: shows what the stack's services do and write, and stops the stack when its user goes.
struct AttachedSession: Sendable {
    var stack: String
    var client: ControlClient
    /// Nil where the daemon was there before, and so is no child of this process.
    var daemon: LaunchedDaemon?
    /// What the stack is on its way to.
    var goal = ProgressGoal.running
    /// The services whose output is shown; none means all.
    var services: [String]
    var format: LogPrinter.Format
    var output: Console
    /// Where progress and remarks go: the same terminal, or standard error where the output goes elsewhere.
    var remarks: Console
    /// Output from before is not shown.
    var start: Timestamp
    var rule: AbortRule
    /// Services are restarted whose watched files change.
    var watchesFiles = false

    private typealias Inbox = AsyncStream<AttachedState.Input>.Continuation

    /// How long output is still read after the daemon's end.
    private static let lastWords = Duration.seconds(2)
    /// So many lines of a replica may have come before the session listened.
    private static let earlyLines = 1_000

    /// Runs until the stack is stopped; the status to exit with.
    func run() async -> CommandStatus {
        let (inputs, inbox) = AsyncStream<AttachedState.Input>.makeStream()
        // Before anything can end the stack, so that also the last words of what ends at once are heard.
        let lines = try? await client.logs(LogQuery(services: services, tail: Self.earlyLines, follow: true))
        let printing = Task { await printOutput(lines, inbox) }
        let watching = [
            Task { await watchSignals(inbox) }, Task { await watchServices(inbox) }, Task { await watchDaemon(inbox) },
            Task { await watchFiles() },
        ]
        defer { watching.forEach { $0.cancel() } }
        let display = ProgressDisplay(console: remarks)
        var state = AttachedState(stack: stack, goal: goal, rule: rule)
        var latest: [ServiceDocument] = []
        for await input in inputs {
            switch input {
            case .services(let services): latest = services
            case .daemonEnded: await Self.finish(printing)
            case .interrupted, .hungUp, .outputFailed: break
            }
            for action in state.take(input) {
                if case .finish(let status) = action { return status }
                await perform(action, latest: latest, display: display)
            }
        }
        return .failed
    }

    private func perform(_ action: AttachedState.Action, latest: [ServiceDocument], display: ProgressDisplay) async {
        switch action {
        case .showProgress(let goal):
            await display.update(latest, goal: goal, selection: nil)
        case .finishProgress:
            await display.finish()
        case .showChanges:
            await display.tellChanges(latest)
        case .say(let text, let style):
            try? await remarks.print(remarks.output.palette(style, text))
        case .stopServices:
            await ask { () throws(ControlClientError) in try await client.perform(.stop) }
        case .shutdown(let immediately):
            await ask { () throws(ControlClientError) in try await client.shutdown(immediately: immediately) }
        case .finish:
            break
        }
    }

    private func ask(_ request: () async throws(ControlClientError) -> AcceptedDocument) async {
        do {
            _ = try await request()
        } catch .noDaemon, .disconnected {
            // It is on its way out already, which is told by its end.
        } catch {
            try? await remarks.print(remarks.output.palette(.red, "cannot ask stackd to stop: \(error)"))
        }
    }
}

// MARK: - What happens

extension AttachedSession {
    private func watchSignals(_ inbox: Inbox) async {
        for await signal in Interrupts.stream() {
            inbox.yield(signal == .hangup ? .hungUp : .interrupted)
        }
    }

    private func watchServices(_ inbox: Inbox) async {
        var ending = ExitStatus.exited(code: 0)
        do {
            for try await services in ServiceSnapshots(client: client) { inbox.yield(.services(services)) }
        } catch {
            ending = .unknown
        }
        // A child's end is told with its exit status instead.
        if daemon == nil { inbox.yield(.daemonEnded(ending)) }
    }

    private func watchDaemon(_ inbox: Inbox) async {
        guard let daemon else { return }
        inbox.yield(.daemonEnded(await daemon.process.exit()))
    }

    /// Until the daemon's end.
    private func watchFiles() async {
        guard watchesFiles else { return }
        do {
            try await WatchSession(client: client, format: .table, console: remarks).run()
        } catch is OutputFailure {
            // The output is no better off, and tells by itself.
        } catch ControlClientError.disconnected {
            // The daemon has ended, which is told by itself.
        } catch {
            try? await remarks.print(remarks.output.palette(.red, "cannot watch the files: \(error)"))
        }
    }

    /// Until the stream ends or nobody reads what is written.
    private func printOutput(_ lines: ControlStream<LogLine>?, _ inbox: Inbox) async {
        // A daemon that is gone already is told by itself.
        guard let lines else { return }
        do {
            let known = (try? await client.services()) ?? []
            var printer = LogPrinter(format, services: known, palette: output.output.palette)
            for try await record in lines {
                if case .item(let line) = record, line.time < start { continue }
                try await output.print(printer.line(for: record))
            }
        } catch OutputFailure.closed {
            inbox.yield(.hungUp)
        } catch OutputFailure.failed(let errno) {
            inbox.yield(.outputFailed(errno: errno))
        } catch {
            // The daemon's end ends the stream too, and is told by itself.
        }
    }

    private static func finish(_ printing: Task<Void, Never>) async {
        _ = try? await withDeadline(lastWords) {
            await withTaskCancellationHandler {
                await printing.value
            } onCancel: {
                printing.cancel()
            }
        }
    }
}
