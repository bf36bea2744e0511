/// A share of processor time, in percent of one: `0.3%`, `12.5%`, `250%`.
func percentText(_ percent: Double) -> String {
    // From a hundred on a tenth says nothing.
    guard percent < 99.95 else { return "\(Int(min(percent.rounded(), 1_000_000)))%" }
    let tenths = Int((max(0, percent) * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)%"
}

/// A number of bytes in at most five characters; every unit is a power of 1024: `512B`, `12.5M`, `1.5G`, `640M`.
func bytesText(_ bytes: UInt64) -> String {
    var value = Double(bytes)
    var unit = ""
    for next in ["K", "M", "G", "T", "P"] where value >= 999.5 {
        value /= 1_024
        unit = next
    }
    guard !unit.isEmpty else { return "\(bytes)B" }
    guard value < 99.95 else { return "\(Int(value.rounded()))\(unit)" }
    let tenths = Int((value * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)\(unit)"
}
