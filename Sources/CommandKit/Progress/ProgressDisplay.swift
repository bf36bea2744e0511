import ControlProtocol

/// Shows progress: live lines on a terminal, a line for each change elsewhere.
///
/// What can no longer be written is no error here: the command goes on without being seen.
actor ProgressDisplay {
    private struct Picture {
        var services: [ServiceDocument]
        var goal: ProgressGoal
        var selection: Set<String>?
        /// When the goal was first shown.
        var start: Timestamp
    }

    private let console: Console
    /// How long a command goes on until its progress is worth live lines.
    private let patience: Duration
    private var changes = ProgressLog()
    private var picture: Picture?
    private var redrawing: Task<Void, Never>?

    private static let redrawInterval = Duration.milliseconds(200)

    init(console: Console, patience: Duration = .zero) {
        self.console = console
        self.patience = patience
    }

    /// Takes a snapshot from before the command, which is not to be told.
    func begin(with services: [ServiceDocument]) {
        _ = changes.changes(in: services)
    }

    /// Takes a new snapshot of services that are on their way to a goal.
    func update(_ services: [ServiceDocument], goal: ProgressGoal, selection: Set<String>?) async {
        let start = picture.flatMap { $0.goal == goal ? $0.start : nil } ?? .now()
        picture = Picture(services: services, goal: goal, selection: selection, start: start)
        let lines = changes.changes(in: services, selection: selection)
        guard console.output.isTerminal else {
            for line in lines { try? await console.print(line) }
            return
        }
        if redrawing == nil { startRedrawing() }
        await drawIfDue()
    }

    /// Takes a new snapshot of services that are on their way nowhere, and tells what has changed.
    func tellChanges(_ services: [ServiceDocument]) async {
        for line in changes.changes(in: services) {
            try? await console.print(console.output.palette(.dim, line))
        }
    }

    /// Draws a last time and leaves what is drawn as text; of what is stopped nothing needs to be left.
    func finish() async {
        redrawing?.cancel()
        redrawing = nil
        if picture?.goal == .stopped {
            try? await console.show([])
        } else {
            await drawIfDue()
            await console.settle()
        }
        picture = nil
    }

    /// The times in the lines go on between the events.
    private func startRedrawing() {
        redrawing = Task { [weak self, patience] in
            try? await Task.sleep(for: patience)
            while !Task.isCancelled {
                await self?.drawIfDue()
                try? await Task.sleep(for: Self.redrawInterval)
            }
        }
    }

    private func drawIfDue() async {
        guard let picture, let size = console.output.size else { return }
        let now = Timestamp.now()
        guard Duration.milliseconds(now.milliseconds - picture.start.milliseconds) >= patience else { return }
        let progress = ServiceProgress.all(of: picture.services, goal: picture.goal, selection: picture.selection)
        let lines = ProgressLines(palette: console.output.palette, columns: size.columns, rows: size.rows)
        try? await console.show(lines.lines(for: progress, start: picture.start, now: now))
    }
}
