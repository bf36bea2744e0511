import ControlClient
import ControlProtocol

/// Has services restarted whose watched files change, and tells of each, for as long as it is read: what `watch` does,
/// and `up --watch` besides.
struct WatchSession: Sendable {
    var client: ControlClient
    var format: OutputFormat
    var console: Console

    /// Until the stack has been stopped or the task is cancelled.
    ///
    /// - Parameter begun: called when the files are watched.
    /// - Throws: `ControlClientError` where the daemon refuses or was killed, `OutputFailure` where nobody reads what is
    ///   told.
    func run(_ begun: () async throws -> Void = {}) async throws {
        let palette = console.output.palette
        let changes = try await client.watch()
        try await begun()
        for try await record in changes {
            switch (format, record) {
            case (.json, _): try await console.print(try JSONText.line(record))
            case (.table, .gap(let gap)): try await console.print(palette(.yellow, gap.text))
            case (.table, .item(let change)):
                let directory = workingDirectory() ?? "/"
                try await console.print(change.line(directory: directory, palette: palette))
            }
        }
    }
}

extension WatchDocument {
    /// `09:12:03.250  backend is restarted: src/app.py and 2 more changed`
    ///
    /// - Parameters:
    ///   - directory: paths below it are told relative to it.
    ///   - timeText: how a point in time is written.
    func line(
        directory: String, palette: Palette, timeText: (Timestamp) -> String = \.localTimeOfDay
    ) -> String {
        let first = paths.first.map { path in
            let isBelow = path.hasPrefix(directory + "/")
            return DisplayWidth.singleLine(isBelow ? String(path.dropFirst(directory.count + 1)) : path)
        }
        let more = count - 1
        let what =
            switch (first, more) {
            case (nil, _): "\(count) files changed"
            case (let first?, ..<1): "\(first) changed"
            case (let first?, _): "\(first) and \(more) more changed"
            }
        return "\(palette(.dim, timeText(time)))  \(palette(.bold, service)) is restarted: \(what)"
    }
}
