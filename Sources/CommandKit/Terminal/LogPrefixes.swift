/// The `backend/0 | ` before each line of output: one width for all, one colour a service.
struct LogPrefixes: Sendable {
    private var colours: [String: Int] = [:]
    private var width: Int
    private let palette: Palette

    /// - Parameter replicas: those known beforehand, as service and index. Colours go by the order of the services'
    ///   names, so that each has the same one every time.
    init(replicas: [(service: String, index: Int)], palette: Palette) {
        self.palette = palette
        width = replicas.map { DisplayWidth.columns(of: "\($0.service)/\($0.index)") }.max() ?? 0
        for name in Set(replicas.map(\.service)).sorted() { colours[name] = colours.count }
    }

    /// The prefix of a line of a replica; one that was not known gets the next colour and widens what follows.
    mutating func prefix(service: String, index: Int) -> String {
        let name = "\(service)/\(index)"
        width = max(width, DisplayWidth.columns(of: name))
        let colour = colours[service] ?? colours.count
        colours[service] = colour
        return palette(.service(colour), DisplayWidth.padded(name, to: width) + " |") + " "
    }

    /// The text of a line, with the terminal's colours set back where the program changed them.
    func body(_ text: String) -> String {
        palette.isColoured && text.unicodeScalars.contains("\u{1B}") ? text + "\u{1B}[0m" : text
    }
}
