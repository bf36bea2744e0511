/// Looks for a pattern in an instance's output, from its first line to the first one that matches.
///
/// It lives as long as the instance and sees every line, because a line between two runs of a probe would be seen by
/// neither. A run passes when a line has matched, before the run or during it; there is no failure but the run's
/// timeout, which is not this type's business.
public final class LogWatch {
    private var waiting: [LogProbeRun] = []
    /// Whether a line has matched.
    public private(set) var hasMatched = false

    /// A watch on the lines of an output, from its next one on.
    public init(_ pattern: LogPattern, on output: InstanceOutput) {
        output.watch(for: pattern) { [weak self] in self?.matched() }
    }

    /// A watch that somebody else looks out for.
    init() {}

    /// Passes the runs that wait.
    func matched() {
        hasMatched = true
        let runs = waiting
        waiting = []
        for run in runs { run.pass() }
    }

    fileprivate func add(_ run: LogProbeRun) {
        if hasMatched { run.pass() } else { waiting.append(run) }
    }

    fileprivate func remove(_ run: LogProbeRun) {
        waiting.removeAll { $0 === run }
    }
}

/// A regular expression that the C library refuses, with its words.
public struct ProbePatternError: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String
}

/// One run of a `log` probe.
final class LogProbeRun: RunningProbe {
    private let watch: LogWatch
    private let report: (ProbeResult) -> Void

    init(_ watch: LogWatch, report: @escaping (ProbeResult) -> Void) {
        self.watch = watch
        self.report = report
    }

    func start() { watch.add(self) }

    func cancel() { watch.remove(self) }

    fileprivate func pass() { report(.passed) }
}
