/// A row of bars, one or more values each, the newest at the right.
enum Sparkline {
    private static let bars: [Character] = Array("▁▂▃▄▅▆▇█")

    /// - Parameters:
    ///   - scale: the values of the lowest and the highest bar; what is beyond them has these bars.
    ///   - width: in columns; a bar that stands for several values shows the largest.
    static func text(_ values: [Double], scale: ClosedRange<Double>, width: Int) -> String {
        guard width > 0, !values.isEmpty else { return DisplayWidth.spaces(width) }
        let count = min(width, values.count)
        let columns = (0..<count).map { column in
            // Whole groups that together are all values.
            let group = values[(column * values.count / count)..<((column + 1) * values.count / count)]
            return bar(group.max() ?? 0, scale: scale)
        }
        return DisplayWidth.spaces(width - count) + String(columns)
    }

    private static func bar(_ value: Double, scale: ClosedRange<Double>) -> Character {
        let span = scale.upperBound - scale.lowerBound
        guard span > 0 else { return bars[0] }
        let share = (min(max(value, scale.lowerBound), scale.upperBound) - scale.lowerBound) / span
        return bars[Int((share * Double(bars.count - 1)).rounded())]
    }
}

extension UsageHistory {
    /// Bars of processor time, against the most of the period, or a tenth of a processor where that is more.
    func processorBars(width: Int) -> String {
        Sparkline.text(processor, scale: 0...max(10, processor.max() ?? 0), width: width)
    }

    /// Bars of memory, which are to show that it grows: between the least and the most of the period, or a twentieth
    /// around what is constant.
    func memoryBars(width: Int) -> String {
        let (least, most) = (memory.min() ?? 0, memory.max() ?? 0)
        let middle = (least + most) / 2
        let half = max((most - least) / 2, middle / 20)
        return Sparkline.text(memory, scale: (middle - half)...(middle + half), width: width)
    }
}
