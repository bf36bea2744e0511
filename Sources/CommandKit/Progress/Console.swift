import ControlProtocol

/// The one writer to a terminal or file on which output and progress meet.
actor Console {
    let output: TextOutput
    private var live = LiveLines()
    private var liveText: [String] = []

    init(_ output: TextOutput) {
        self.output = output
    }

    /// Writes a line above the live ones.
    func print(_ line: String) throws(OutputFailure) {
        try output.write(liveText.isEmpty ? line + "\n" : live.frame(liveText, above: line + "\n"))
    }

    /// Replaces the live lines; nothing is written where nothing changed, or where there is no terminal.
    func show(_ lines: [String]) throws(OutputFailure) {
        guard output.isTerminal, lines != liveText else { return }
        liveText = lines
        try output.write(lines.isEmpty ? live.cleared() : live.frame(lines))
    }

    /// Leaves the live lines as they are as text.
    func settle() {
        live.leave()
        liveText = []
    }
}
