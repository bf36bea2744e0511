import ControlProtocol
import StackFile
import StackModel
import SupervisorCore

/// Everything that is wrong with a trace.
struct TraceFaults: Error {
    var diagnostics: [Diagnostic]
}

extension LoadTrace {
    /// Reads a trace for a service.
    ///
    /// - Throws: every fault of its values, or the first of its form.
    init(_ text: TraceText, for service: ServiceSpec) throws(TraceFaults) {
        var reading = TraceReading(service: service)
        do throws(TraceFault) {
            try text.forEachRecord { reading.take($0) }
        } catch {
            reading.faults.append(error)
        }
        if reading.rows.isEmpty, reading.faults.isEmpty {
            reading.faults.append(TraceFault(offset: text.bytes.count, message: "the trace has no row", remedy: nil))
        }
        guard reading.faults.isEmpty else {
            throw TraceFaults(diagnostics: reading.faults.prefix(Self.toldFaults).map(text.diagnostic))
        }
        self.init(origin: reading.origin, rows: reading.rows, columns: reading.columns)
    }

    /// Whoever has more has made the same mistake in each row.
    private static let toldFaults = 10
}

/// Makes sense of the rows of a trace, one after the other.
private struct TraceReading {
    let metrics: [LoadMetric]
    let resources: ResourceSpec
    var origin: Timestamp?
    var rows: [LoadTrace.Row] = []
    var columns: Set<TraceColumn> = []
    var faults: [TraceFault] = []
    private let known: [String: TraceColumn]
    private var start: TraceTime?

    init(service: ServiceSpec) {
        metrics = service.autoscale?.metrics ?? []
        resources = service.resources
        known = Dictionary(TraceColumn.all(for: metrics).map { ($0.name, $0) }) { reserved, _ in reserved }
    }

    mutating func take(_ record: TraceRecord) {
        do throws(TraceFault) {
            rows.append(try row(record))
        } catch {
            // What is not known as a column would be told again for every row.
            if !faults.contains(where: { $0.message == error.message }) { faults.append(error) }
        }
    }

    private mutating func row(_ record: TraceRecord) throws(TraceFault) -> LoadTrace.Row {
        var row = LoadTrace.Row(time: .zero, readings: Array(repeating: nil, count: metrics.count))
        var seen: Set<TraceColumn> = []
        var hasTime = false
        for cell in record.cells {
            let column = try column(of: cell)
            guard seen.insert(column).inserted else {
                throw TraceFault(offset: cell.nameOffset, message: "\"\(cell.name)\" is there twice", remedy: nil)
            }
            columns.insert(column)
            // Prometheus has no other way to tell that it does not know.
            guard let text = cell.text, text.lowercased() != "nan" else { continue }
            try set(column, of: &row, to: TraceCell(text: text, cell: cell))
            hasTime = hasTime || column == .time
        }
        guard hasTime else {
            throw TraceFault(offset: record.offset, message: "the row has no time", remedy: "every row has a \"time\"")
        }
        return row
    }

    private func column(of cell: TraceRecord.Cell) throws(TraceFault) -> TraceColumn {
        if let column = known[cell.name] { return column }
        let names = TraceColumn.all(for: metrics).map(\.name)
        throw TraceFault(
            offset: cell.nameOffset, message: "a trace of this service has no column \"\(cell.name)\"",
            remedy: advice(for: cell.name, among: names))
    }

    private mutating func set(
        _ column: TraceColumn, of row: inout LoadTrace.Row, to cell: TraceCell
    ) throws(TraceFault) {
        switch column {
        case .time: row.time = try time(cell)
        case .load: row.load = try cell.number()
        case .ready: row.ready = try cell.count()
        case .pressure(.cpu): row.host.cpuPressure = try cell.share()
        case .pressure(.memory): row.host.memoryPressure = try cell.share()
        case .pressure(.io): row.host.ioPressure = try cell.share()
        case .availableMemory: row.host.availableMemory = ByteCount(Int64(try cell.bytes()))
        case .metric(let name):
            for (index, metric) in metrics.enumerated() where metric.name == name {
                row.readings[index] = try cell.reading(of: metric, resources)
            }
        }
    }

    /// Since the first row.
    private mutating func time(_ cell: TraceCell) throws(TraceFault) -> Duration {
        let time = try cell.time()
        guard let start else {
            start = time
            if case .moment(let moment) = time { origin = moment }
            return .zero
        }
        guard let elapsed = time.since(start) else {
            throw cell.fault("\"\(cell.text)\" is another kind of time than that of the first row")
        }
        guard rows.last.map({ elapsed > $0.time }) ?? true else {
            throw cell.fault("the time is not after that of the row before", "rows are in the order of their times")
        }
        return elapsed
    }
}

/// A time as a trace has it.
private enum TraceTime {
    case elapsed(Duration)
    case moment(Timestamp)

    /// Nil where they are of different kinds.
    func since(_ start: TraceTime) -> Duration? {
        switch (start, self) {
        case (.elapsed(let start), .elapsed(let end)): end - start
        case (.moment(let start), .moment(let end)): .milliseconds(end.milliseconds - start.milliseconds)
        case (.elapsed, .moment), (.moment, .elapsed): nil
        }
    }
}

/// The text of a cell, and what it can mean.
private struct TraceCell {
    var text: String
    var cell: TraceRecord.Cell

    func fault(_ message: String, _ remedy: String? = nil) -> TraceFault {
        TraceFault(offset: cell.offset, message: message, remedy: remedy)
    }

    /// Seconds, a duration, or RFC 3339.
    func time() throws(TraceFault) -> TraceTime {
        if let seconds = Double(text), seconds.isFinite, abs(seconds) < Self.limit {
            return .elapsed(.milliseconds(Int64((seconds * 1000).rounded())))
        }
        if let duration = Duration(text: text) { return .elapsed(duration) }
        if let moment = Timestamp(text) { return .moment(moment) }
        throw fault(
            "\"\(text)\" is no time", "write seconds as in 90, a duration as in 1m30s, or 2026-11-23T09:00:00Z")
    }

    /// Beyond this its thousandths would not be exact.
    private static let limit = 1e12

    func number() throws(TraceFault) -> Double {
        guard let number = Double(text) else {
            throw fault("\"\(text)\" is no number for \"\(cell.name)\"", "what was not measured is left empty")
        }
        guard (0...Self.limit).contains(number) else { throw fault("\"\(text)\" is not between 0 and 10^12") }
        return number
    }

    func count() throws(TraceFault) -> Int {
        guard let count = Int(text), (0...Self.most).contains(count) else {
            throw fault("\"\(text)\" is no number of replicas", "write a whole number from 0")
        }
        return count
    }

    private static let most = 1_000_000

    /// A percentage, with its sign or without, in thousandths.
    func share() throws(TraceFault) -> Int {
        guard let percent = percent(), percent <= 100 else {
            throw fault("\"\(text)\" is no percentage for \"\(cell.name)\"", "write 0 to 100, as in 12.5")
        }
        return Int((percent * 10).rounded())
    }

    private func percent() -> Double? {
        let digits = text.hasSuffix("%") ? String(text.dropLast()) : text
        return Double(digits).flatMap { (0...Self.limit).contains($0) ? $0 : nil }
    }

    /// A size of the stack file, or a number of bytes as Prometheus writes it.
    func bytes() throws(TraceFault) -> Int {
        if let size = ByteCount(text: text) { return Int(size.bytes) }
        if let number = Double(text), (0...1e18).contains(number) { return Int(number) }
        throw fault("\"\(text)\" is no size for \"\(cell.name)\"", "write bytes, or a size as in 512M")
    }

    /// In the metric's unit; what is a percentage there is one of what `resources` gives a replica.
    func reading(of metric: LoadMetric, _ resources: ResourceSpec) throws(TraceFault) -> Int {
        switch (metric.target, metric.source) {
        case (.utilization, _):
            guard let percent = percent() else {
                throw fault(
                    "\"\(text)\" is no percentage for \"\(cell.name)\", whose target is \(metric.targetText)",
                    "write the use of a replica, as in 85")
            }
            return Int((percent / 100 * Double(metric.request(of: resources) ?? 0)).rounded())
        case (_, .memory):
            return try bytes()
        case (.average, _), (.value, _):
            return Int((try number() * 1000).rounded())
        }
    }
}

extension LoadMetric {
    /// What a percentage of it is of, in its unit; nil for what there is no percentage of.
    func request(of resources: ResourceSpec) -> Int? {
        switch source {
        case .cpu: resources.cpuRequest.thousandths
        case .memory: resources.memoryRequest.map { Int($0.bytes) }
        case .acceptQueue, .connections, .prometheus, .route, .command: nil
        }
    }
}
