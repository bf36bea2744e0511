import ControlProtocol
import ControlServer
import LinuxRuntime

/// One client's lines, as the control API gives them.
final class LogSource: RecordSource {
    private let reading: LogReading

    init(_ reading: LogReading) {
        self.reading = reading
    }

    /// Waits until every line that comes from now on is among those that follow.
    func begin() async {
        await reading.begin()
    }

    func next() async -> [StreamRecord<LogLine>]? {
        await reading.next()?.map { StreamRecord($0) }
    }

    func nudge() {
        reading.nudge()
    }

    func finish() {
        reading.finish()
    }
}

extension StreamRecord<LogLine> {
    fileprivate init(_ item: LogItem) {
        self =
            switch item {
            case .record(let record): .item(LogLine(record))
            case .noLongerKept(let count): .gap(StreamGap(lost: count, unit: .lines, code: .noLongerKept))
            case .tooSlow(let count): .gap(StreamGap(lost: count, unit: .lines, code: .clientTooSlow))
            }
    }
}

extension LogLine {
    fileprivate init(_ record: LogRecord) {
        self.init(
            time: Timestamp(record.time), service: record.owner.service, replica: record.owner.replica,
            stream: Stream(record.stream), sequence: record.number, text: record.text, continues: record.continues)
    }
}

extension LogLine.Stream {
    fileprivate init(_ stream: LogStream) {
        self =
            switch stream {
            case .output: .stdout
            case .error: .stderr
            case .gap: .stackd
            }
    }
}
