/// Text about one replica that fills the screen and can be scrolled.
struct TopPane: Hashable, Sendable {
    var replica: ReplicaName
    private(set) var lines: [String] = []
    /// How many lines there are below the last one that is shown.
    private(set) var below = 0

    /// More than anybody scrolls through.
    static let capacity = 1_000

    init(_ replica: ReplicaName) {
        self.replica = replica
    }

    /// Whether what comes is shown as it comes.
    var isAtEnd: Bool { below == 0 }

    /// Adds lines; whoever has scrolled back goes on seeing what he saw.
    mutating func append(_ new: [String]) {
        lines += new
        if lines.count > Self.capacity { lines.removeFirst(lines.count - Self.capacity) }
        if below > 0 { below = min(below + new.count, lines.count) }
    }

    /// Another text, from its beginning.
    mutating func show(_ new: [String], height: Int) {
        lines = Array(new.prefix(Self.capacity))
        below = max(0, lines.count - height)
    }

    /// - Parameters:
    ///   - rows: how far down; negative is up.
    ///   - height: how many lines are shown at a time.
    mutating func scroll(by rows: Int, height: Int) {
        below = min(max(0, below - rows), max(0, lines.count - height))
    }

    /// The lines to show.
    func visible(height: Int) -> ArraySlice<String> {
        let end = max(min(height, lines.count), lines.count - below)
        return lines[max(0, end - height)..<end]
    }
}
