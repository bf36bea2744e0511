import StackModel
import SupervisorCore

/// The runs of a scheduled service, as an observer knows them.
struct ToldRuns {
    /// What must become of the run that has just come due.
    enum Expectation: Hashable {
        case begins, waits, replaces, isSkipped
    }

    var isUnderWay = false
    var isQueued = false
    /// The one under way is to make room for the queued one.
    var isReplacing = false
    /// The one that was queued is to begin now.
    var isPromoted = false
    var hasSucceeded = false
    var expected: Expectation?

    /// A run is due by the schedule.
    mutating func comeDue(_ overlap: ScheduleSpec.Overlap, isPossible: Bool) {
        guard isPossible else { return expected = .isSkipped }
        guard isUnderWay else { return expected = .begins }
        switch overlap {
        case .skip: expected = .isSkipped
        case .queue: expected = isQueued ? .isSkipped : .waits
        case .replace: expected = .replaces
        }
    }

    /// Returns what is wrong with a run that begins.
    mutating func begin(_ origin: JobRun.Origin) -> String? {
        if isUnderWay { return "a run begins while another is under way" }
        if expected == .begins {
            expected = nil
        } else if isPromoted {
            isPromoted = false
        } else if origin == .schedule {
            return "a run begins by the schedule, and none is due"
        }
        isUnderWay = true
        return nil
    }

    /// Returns what is wrong with what becomes of a run that is due.
    mutating func take(_ admission: Expectation) -> String? {
        guard expected == admission else { return "a run is due, and the rule for it is not kept: \(admission)" }
        if admission == .replaces, isQueued { return "another run waits already, and nothing is said of it" }
        expected = nil
        if admission != .isSkipped { isQueued = true }
        if admission == .replaces { isReplacing = true }
        return nil
    }

    /// Returns what is wrong with it that the run that waited never begins.
    mutating func supersede() -> String? {
        guard expected == .replaces, isQueued else { return "a run that waited is left out for no newer one" }
        isQueued = false
        return nil
    }

    mutating func end(_ outcome: JobRun.Outcome) {
        isUnderWay = false
        isPromoted = isQueued
        isQueued = false
        isReplacing = false
        if outcome == .succeeded { hasSucceeded = true }
    }
}
