import ControlProtocol

/// What `stackctl doctor` shows: each check with its finding, and what to do under it.
func doctorLines(_ checks: [DoctorCheck], palette: Palette) -> [String] {
    let nameWidth = checks.map { DisplayWidth.columns(of: $0.name) }.max() ?? 0
    let levelWidth = "warning".count
    return checks.flatMap { check in
        let style: Style =
            switch check.level {
            case .ok: .green
            case .warning: .yellow
            case .error: .red
            }
        let level = palette(style, DisplayWidth.padded(check.level.rawValue, to: levelWidth))
        let finding = DisplayWidth.singleLine(check.finding)
        let line = "\(level)  \(DisplayWidth.padded(check.name, to: nameWidth))  \(finding)"
        guard let remedy = check.remedy else { return [line] }
        return [line, DisplayWidth.spaces(levelWidth + nameWidth + 4) + palette(.dim, DisplayWidth.singleLine(remedy))]
    }
}
