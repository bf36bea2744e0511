import Logging

/// Passes what the control API's server has to say on to the daemon's log.
struct DaemonLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.notice

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        DaemonLog.write("control: \(event.message)", LogSeverity(event.level))
    }
}

extension LogSeverity {
    fileprivate init(_ level: Logger.Level) {
        self =
            switch level {
            case .trace, .debug, .info: .information
            case .notice: .notice
            case .warning: .warning
            case .error, .critical: .error
            }
    }
}
