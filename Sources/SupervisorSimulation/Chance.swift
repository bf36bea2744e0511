import StackModel
import SupervisorCore

/// How a world draws: everything that a seed decides, it decides through these.
extension SplitMix64 {
    /// A number below the bound, which is positive; the bias of a plain product is far below what a world could show.
    mutating func below(_ bound: Int) -> Int {
        Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    mutating func number(in range: ClosedRange<Int>) -> Int {
        range.lowerBound + below(range.upperBound - range.lowerBound + 1)
    }

    mutating func chance(percent: Int) -> Bool {
        below(100) < percent
    }

    /// In whole milliseconds.
    mutating func milliseconds(_ range: ClosedRange<Int>) -> Duration {
        .milliseconds(number(in: range))
    }

    /// In whole microseconds.
    mutating func microseconds(_ range: ClosedRange<Int>) -> Duration {
        .microseconds(number(in: range))
    }

    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[below(elements.count)]
    }

    /// A generator of its own for one part of a world, so that a change in one part leaves the others as they were.
    mutating func split() -> SplitMix64 {
        SplitMix64(seed: next())
    }
}
