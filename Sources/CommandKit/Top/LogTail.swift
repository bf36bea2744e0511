import ControlProtocol

/// Lines on their way to the screen: a service that writes faster than they are drawn fills no memory.
actor LogTail {
    private var lines: [String] = []

    /// - Returns: whether it is the first since the last were taken, so that somebody must be told to take them.
    func append(_ line: String) -> Bool {
        lines.append(line)
        if lines.count > TopPane.capacity { lines.removeFirst(lines.count - TopPane.capacity) }
        return lines.count == 1
    }

    func take() -> [String] {
        defer { lines = [] }
        return lines
    }
}

extension StreamRecord<LogLine> {
    /// The line as `top` shows it, on which nothing of what the service wrote acts on the terminal.
    var paneText: String {
        switch self {
        case .gap(let gap): gap.text
        case .item(let line): "\(line.time.localTimeOfDay)  \(DisplayWidth.singleLine(withoutSequences(line.text)))"
        }
    }

    /// Whether it is about this replica; a gap may be.
    func concerns(_ replica: ReplicaName) -> Bool {
        switch self {
        case .gap: true
        case .item(let line): line.service == replica.service && line.replica == replica.index
        }
    }
}

/// The text without control sequences (ECMA-48, 5.4), as those that colour it.
func withoutSequences(_ text: String) -> String {
    guard text.unicodeScalars.contains("\u{1B}") else { return text }
    var result = String.UnicodeScalarView()
    var rest = text.unicodeScalars[...]
    while let scalar = rest.popFirst() {
        guard scalar == "\u{1B}", rest.first == "[" else {
            result.append(scalar)
            continue
        }
        rest = rest.dropFirst().drop { (0x20...0x3F).contains($0.value) }.dropFirst()
    }
    return String(result)
}
