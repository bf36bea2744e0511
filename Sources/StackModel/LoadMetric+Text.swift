/// What a metric's target and values are for people, in the units of the stack file.
extension LoadMetric {
    /// As the stack file has it: `70%`, `0.5`, `512M`, `16`.
    public var targetText: String {
        switch (target, source) {
        case (.utilization(let percent), _): "\(percent)%"
        case (.average(let bytes), .memory), (.value(let bytes), .memory): ByteCount(Int64(bytes)).description
        case (.average(let thousandths), _), (.value(let thousandths), _): Thousandths.text(thousandths)
        }
    }

    /// What was measured, as `MetricVerdict` and `LoadReport` have it: `93%`, `1.4`, `500MiB`, `43`.
    public func text(of value: Int) -> String {
        switch (target, source) {
        case (.utilization, _): "\(value)%"
        case (.average, .memory), (.value, .memory): ByteCount(Int64(value)).approximateText
        case (.average, _), (.value, _): Thousandths.text(value)
        }
    }
}
