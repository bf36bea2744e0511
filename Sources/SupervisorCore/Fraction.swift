/// A measured value in proportion to another, exact whatever the numbers are.
struct Fraction: Hashable, Sendable {
    let value: Int
    /// At least 1.
    let whole: Int

    init(_ value: Int, of whole: Int) {
        self.value = value
        self.whole = max(1, whole)
    }

    /// Negative, 0 or positive as it is less than, equal to or greater than one.
    var comparedToOne: Int { value < whole ? -1 : value > whole ? 1 : 0 }

    /// Rounded down.
    var thousandths: Int { floor(of: 1000) }

    /// Whether it is at least and at most so many thousandths.
    func isBetween(_ low: Int, _ high: Int) -> Bool {
        let thousandfold = value.multipliedFullWidth(by: 1000)
        return whole.multipliedFullWidth(by: low) <= thousandfold
            && thousandfold <= whole.multipliedFullWidth(by: high)
    }

    /// Of so many, rounded down; nothing of what is negative.
    func floor(of count: Int) -> Int {
        share(of: count).quotient
    }

    /// Of so many, rounded up; nothing of what is negative, and at the most `most`.
    func ceiling(of count: Int, most: Int = ReplicaCalculator.most) -> Int {
        let (quotient, remainder) = share(of: count)
        return min(remainder > 0 && quotient < .max ? quotient + 1 : quotient, most)
    }

    private func share(of count: Int) -> (quotient: Int, remainder: Int) {
        guard value > 0, count > 0 else { return (0, 0) }
        let product = value.multipliedFullWidth(by: count)
        guard product.high < whole else { return (.max, 0) }
        // The quotient may still be too great for a signed number: both are positive, so it is taken as unsigned.
        let (quotient, remainder) = UInt(whole).dividingFullWidth((UInt(product.high), product.low))
        return (Int(clamping: quotient), Int(clamping: remainder))
    }
}

extension Int {
    func saturatingSum(_ other: Int) -> Int {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }

    func saturatingProduct(_ other: Int) -> Int {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? ((self < 0) == (other < 0) ? .max : .min) : product
    }
}
