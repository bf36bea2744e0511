import ControlProtocol

/// Who says how many replicas a service has, in words.
extension ScalingDocument {
    /// `backend: 4 replicas, until the file or the autoscaler (2 to 8) says otherwise`
    func line(of service: String, scale: Int) -> String {
        let count = scale == 0 ? "no replica" : scale == 1 ? "1 replica" : "\(scale) replicas"
        return "\(service): \(count), \(ruleText(scale: scale))"
    }

    private func ruleText(scale: Int) -> String {
        if awaitsConnection { return "on demand: the next connection starts one" }
        switch (rule, autoscaler) {
        case (.file, nil): return "as the file says"
        case (.file, let autoscaler?): return "as the file says, until \(autoscaler) says otherwise"
        case (.autoscaler, let autoscaler?): return "as \(autoscaler) says"
        case (.autoscaler, nil): return "as its autoscaler has said"
        case (.manual, nil): return "until the file says otherwise"
        case (.manual, let autoscaler?):
            // Kubernetes' autoscaler leaves alone what somebody has scaled to none, too.
            let isLeftAlone = scale == 0 && minimum != 0
            return isLeftAlone
                ? "until the file or somebody says otherwise: \(autoscaler) leaves that alone"
                : "until the file or \(autoscaler) says otherwise"
        }
    }

    /// `the autoscaler (2 to 8)`, of a service that has one.
    private var autoscaler: String? {
        guard let minimum, let maximum else { return nil }
        return "the autoscaler (\(minimum) to \(maximum))"
    }

    /// `4/2..8`: how many there are to be, and between which numbers the autoscaler may choose; nil where it has none.
    func boundsText(scale: Int) -> String? {
        guard let minimum, let maximum else { return nil }
        return "\(scale)/\(minimum)..\(maximum)"
    }

    /// There is more to tell than that the file says it.
    var isUnusual: Bool { rule != .file || maximum != nil }
}
