import StackModel

/// What happens to a rollout.
extension Rollout {
    /// An instance of its revision has ended in failure.
    mutating func noteFailure(_ failure: Failure) {
        failures += 1
        lastFailure = failure
    }

    /// It has failed, and nobody goes back: it stands still.
    mutating func fail() {
        state = .failed
    }

    /// It has failed, and goes on nevertheless.
    mutating func goOn() {
        ignoresFailures = true
    }

    mutating func failForListeners() {
        lacksListeners = true
    }

    /// False: there is nothing that could go on.
    mutating func resume(at now: Instant) -> Bool {
        if case .failed = state {
            state = .waiting
            failures = 0
            lacksListeners = false
            // What its step was to show is shown once more.
            toldStep = nil
        } else if !isHeld {
            return false
        }
        isHeld = false
        progressedAt = now
        return true
    }

    /// False: there is no step to go past, and nothing holds it.
    mutating func promote(fully: Bool, _ spec: RolloutSpec, at now: Instant) -> Bool {
        guard isUnderWay, isHeld || !isPastItsSteps(spec) else { return false }
        isHeld = false
        if !isPastItsSteps(spec) {
            passStep(at: now)
            if fully { step = spec.steps.count }
        }
        return true
    }

    /// An analysis that has failed does not hold it up where it goes on nevertheless.
    mutating func passFailedAnalysis(at now: Instant) {
        if ignoresFailures, case .analysing = state { passStep(at: now) }
    }

    mutating func ask(_ run: UInt64, at now: Instant) -> Analysis? {
        guard case .analysing(var analysis) = state else { return nil }
        analysis.ask(run, at: now)
        state = .analysing(analysis)
        return analysis
    }

    /// Takes an answer; nil where it is none to what was asked last.
    mutating func take(
        _ values: [Measurement.Value], of run: UInt64, at now: Instant
    ) -> (records: [MeasurementRecord], Analysis.Verdict)? {
        guard case .analysing(var analysis) = state, analysis.run == run else { return nil }
        let (records, verdict) = analysis.take(values, at: now)
        state = .analysing(analysis)
        measurements = (measurements + records).suffix(Self.keptMeasurements)
        switch verdict {
        case .undecided, .failed: break
        case .successful: passStep(at: now)
        case .inconclusive:
            passStep(at: now)
            isHeld = true
        }
        return (records, verdict)
    }
}
