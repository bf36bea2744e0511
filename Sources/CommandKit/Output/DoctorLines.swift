import ControlProtocol

/// What `stackctl doctor` shows: each check with its finding, and what to do under it.
///
/// - Parameter width: the terminal's columns; nil where nothing needs to fit.
func doctorLines(_ checks: [DoctorCheck], width: Int?, palette: Palette) -> [String] {
    let nameWidth = checks.map { DisplayWidth.columns(of: $0.name) }.max() ?? 0
    let levelWidth = "warning".count
    let labelWidth = levelWidth + nameWidth + 4
    return checks.flatMap { check in
        let style: Style =
            switch check.level {
            case .ok: .green
            case .warning: .yellow
            case .error: .red
            }
        let level = palette(style, DisplayWidth.padded(check.level.rawValue, to: levelWidth))
        let label = "\(level)  \(DisplayWidth.padded(check.name, to: nameWidth))  "
        let finding = DisplayWidth.singleLine(check.finding)
        let lines = DisplayWidth.hanging(finding, after: label, labelWidth: labelWidth, width: width)
        guard let remedy = check.remedy.map(DisplayWidth.singleLine) else { return lines }
        // Under the finding, which may stand under its label.
        let indentation = lines.last?.prefix { $0 == " " }.count ?? 0
        let column = lines.count > 1 ? indentation : labelWidth
        let room = width.map { max(1, $0 - column) }
        return lines
            + DisplayWidth.wrapped(remedy, to: room).map { DisplayWidth.spaces(column) + palette(.dim, $0) }
    }
}
