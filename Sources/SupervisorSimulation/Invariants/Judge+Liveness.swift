import StackModel

/// That what is asked for is reached in the end.
extension Judge {
    /// Whether everything is as it was asked to be; it is to be so by the limit.
    func hasRisen(by limit: Instant) throws(Violation) -> Bool {
        if told.isAsDesiredWherePossible { return true }
        guard now <= limit else {
            throw violation(.liveness, "it has not come up by \(limit.sinceOrigin.text): \(told.shortcomings)")
        }
        return false
    }

    /// Whether the stack has ended; it is to have by the limit.
    func hasFallen(by limit: Instant) throws(Violation) -> Bool {
        if hasStopped { return true }
        guard now <= limit else {
            throw violation(.liveness, "it has not ended by \(limit.sinceOrigin.text): \(told.shortcomings)")
        }
        return false
    }

    /// Nothing will ever happen any more.
    func checkEnd() throws(Violation) {
        guard hasStopped else {
            throw violation(.liveness, "nothing happens any more, and the stack is not stopped")
        }
    }
}
