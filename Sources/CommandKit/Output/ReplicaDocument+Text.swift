import ControlProtocol

extension ServiceDocument {
    /// No process of it runs and none will be started unasked, nor by its schedule.
    var hasEnded: Bool {
        schedule?.next == nil && replicas.allSatisfy(\.hasEnded)
    }
}

/// How a replica's state is told.
extension ReplicaDocument {
    /// No process of it runs and none will be started unasked but by its schedule.
    var hasEnded: Bool {
        switch state {
        case .stopped, .completed, .failed: pid == nil
        case .scheduled, .waiting, .backoff, .starting, .running, .stopping: false
        }
    }

    /// The state in a word or two: of what runs, whether it is ready.
    var word: String {
        state == .running ? ready ? "ready" : "not ready" : state.rawValue
    }

    var style: Style {
        switch state {
        case .running: ready ? .green : .yellow
        case .waiting, .backoff, .starting, .stopping: .yellow
        case .failed: .red
        case .stopped, .scheduled, .completed: .dim
        }
    }

    /// What there is to say beyond the state: the reason, unless it only repeats it, and the service's own words.
    var remark: String {
        let isRepetition = ["is \(word)", "has \(word)", "has started"].contains(reason)
        let said = isRepetition ? "" : reason
        guard let status, !status.isEmpty else { return DisplayWidth.singleLine(said) }
        return DisplayWidth.singleLine(said.isEmpty ? status : "\(said) (\(status))")
    }

    /// As `word`; of what is not there to be ready, that it runs.
    func word(for aim: Aim) -> String {
        aim != .readiness && state == .running ? state.rawValue : word
    }

    /// `backend/0 waiting: waits for db (service_healthy)`
    ///
    /// - Parameter title: what it is called; nil is its name.
    func line(for aim: Aim = .readiness, as title: String? = nil) -> String {
        let words = "\(title ?? name) \(word(for: aim))"
        return remark.isEmpty ? words : "\(words): \(remark)"
    }
}
