import ControlProtocol

/// How a rollout is told.
extension RolloutDocument {
    /// What it is at, in a word or two.
    var word: String {
        switch phase {
        case .progressing: rollback ? "going back" : "rolling"
        case .waiting, .paused, .analysing, .failed: phase.rawValue
        }
    }

    var style: Style {
        phase == .failed || rollback ? .red : .yellow
    }

    /// `rollout 4`
    var title: String { rollback ? "rollout \(number) (going back)" : "rollout \(number)" }

    /// `step 1 of 3, 2 of 4 updated, 1 available`
    var counts: String {
        let replicas = "\(updated) of \(wanted) updated, \(available) available"
        let failed = failures == 0 ? "" : ", \(failures) failed"
        return (steps == 0 ? "" : "\(stepText), ") + replicas + failed
    }

    /// `step 1 of 3`
    var stepText: String { step < steps ? "step \(step + 1) of \(steps)" : "all \(steps) steps done" }

    /// What it is at in a sentence, and what makes it go on where time does not.
    func remark(of service: ServiceDocument) -> String {
        let said = DisplayWidth.singleLine(reason)
        switch phase {
        case .waiting, .progressing: return said
        case .analysing: return "analysing: \(said)"
        case .paused:
            return until == nil ? "\(said); \"stackctl rollout \(wayOn) \(service.name)\" goes on" : said
        case .failed:
            // The event also tells what becomes of it, which the phase does.
            let cause = service.history.first { $0.number == number }?.reason
            return cause.map(DisplayWidth.singleLine) ?? said
        }
    }

    /// What lets a rollout go on that would not by itself.
    private var wayOn: String { held || step == steps ? "resume" : "promote" }

    /// When a pause ends by itself; the progress deadline is nothing that anybody waits for.
    var pauseEnd: Timestamp? { phase == .paused ? until : nil }

    /// `backend: rollout 4, step 1 of 3, 2 of 4 updated, 1 available; paused until 09:12:03.250 (42s)`
    func summary(
        of service: ServiceDocument, now: Timestamp, timeText: (Timestamp) -> String = \.localTimeOfDay
    ) -> String {
        let text = "\(service.name): \(title), \(counts)"
        switch phase {
        case .progressing: return text
        case .failed: return "\(service.name): \(title) has failed and stands still: \(remark(of: service))"
        case .waiting, .paused, .analysing:
            guard let end = pauseEnd else { return "\(text); \(remark(of: service))" }
            return "\(text); paused until \(timeText(end)) (\(age(from: now, to: end)))"
        }
    }
}

extension RolloutDocument.Measurement {
    /// `0.012`, `no value`, or what was seen instead of one.
    var valueText: String {
        if let error { return DisplayWidth.singleLine(error) }
        return value.map(numberText) ?? "no value"
    }

    var style: Style {
        switch verdict {
        case .successful: .green
        case .failed, .error: .red
        case .inconclusive: .yellow
        }
    }

    /// `error_rate is 0.012: successful`
    var line: String { "\(metric) is \(valueText): \(verdict.rawValue)" }
}

/// A measured number with the digits that matter: `0.0123`, `12.3`, `4096`.
func numberText(_ value: Double) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
    if value == value.rounded() { return "\(Int64(value))" }
    // Four significant digits, of which those before the point all count.
    var scale = 1.0
    while abs(value) * scale < 1_000, scale < 1e9 { scale *= 10 }
    let rounded = (value * scale).rounded() / scale
    return rounded == rounded.rounded() ? "\(Int64(rounded))" : "\(rounded)"
}

/// How a revision is told.
extension RevisionDocument {
    var style: Style {
        switch outcome {
        case .underWay: .yellow
        case .good: .green
        case .failed: .red
        case .superseded: .dim
        }
    }

    /// `under way`, `good`, …
    var outcomeText: String { outcome.rawValue.replacing("_", with: " ") }

    /// `rollout 4 failed: backend/0 exited with status 1`
    var failure: String {
        switch outcome {
        case .failed: "rollout \(number) failed" + (reason.map { ": \(DisplayWidth.singleLine($0))" } ?? "")
        case .superseded: "rollout \(number) was undone before it was done"
        case .underWay, .good: "rollout \(number) was undone"
        }
    }

    /// `rollout 4 is done`
    fileprivate var ending: String {
        switch outcome {
        case .underWay: "rollout \(number) is not done yet"
        case .good: "rollout \(number) is done"
        case .failed: failure
        case .superseded: "rollout \(number) was superseded"
        }
    }
}

extension ServiceDocument {
    /// What has become of the revisions after that of the number: `rollout 4 is done`, or `rollout 4 failed: …;
    /// revision 3 is back`. Nil where there are none.
    func ending(after number: Int) -> String? {
        switch verdict(after: number) {
        case .reverted(let failed, let successor): "\(failed.failure); \(original(of: successor)) is back"
        case .none, .underWay, .standsStill, .failed, .done: history.first?.ending
        }
    }

    /// What a revision brought back: `revision 3`
    func original(of revision: RevisionDocument) -> String {
        let origin = history.first {
            $0.number < revision.number && $0.revision == revision.revision && $0.outcome == .good
        }
        return origin.map { "revision \($0.number)" } ?? "what was before"
    }
}
