import ControlProtocol

/// The table of `stackctl rollout history`, the newest revision first.
func revisionTable(_ history: [RevisionDocument], timeText: (Timestamp) -> String = \.localText) -> Table {
    var table = Table(
        "NUMBER", Table.Column("REVISION", leaving: 0), Table.Column("SINCE", leaving: 2),
        Table.Column("TOOK", leaving: 1), "OUTCOME", "CAUSE", Table.Column("REASON", leaving: 3))
    for revision in history {
        table.append(
            Table.Cell("\(revision.number)", .bold), Table.Cell(shortHash(revision.revision)),
            Table.Cell(timeText(revision.since)),
            Table.Cell(revision.ended.map { age(from: revision.since, to: $0) } ?? "-"),
            Table.Cell(revision.outcomeText, revision.style), Table.Cell(revision.detail),
            Table.Cell(revision.reason ?? ""))
    }
    return table
}

/// So much of a hash as tells one from another among the few that are shown together.
func shortHash(_ hash: String) -> String {
    String(hash.prefix(8))
}

/// One revision in full, a line for each of its properties.
func revisionLines(
    _ revision: RevisionDocument, palette: Palette, timeText: (Timestamp) -> String = \.localText
) -> [String] {
    let properties: [(name: String, text: String?)] = [
        ("number", "\(revision.number)"), ("revision", revision.revision),
        ("executable", revision.executable.map { "\($0.path) (\($0.digest))" }), ("cause", revision.detail),
        ("since", timeText(revision.since)), ("ended", revision.ended.map(timeText)),
        ("outcome", revision.outcomeText), ("reason", revision.reason),
    ]
    return properties.compactMap { name, text in
        guard let text else { return nil }
        let label = palette(.dim, DisplayWidth.padded(name, to: "executable".count))
        return "\(label)  \(DisplayWidth.singleLine(text))"
    }
}
