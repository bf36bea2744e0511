/// One run of a probe. It reports at most once, not before its `start` has returned; after that, and after `cancel`, it
/// sees to it by itself that nothing of it stays.
protocol RunningProbe: AnyObject {
    /// Begins the run; may report before it returns.
    func start()
    /// Ends whatever still goes on and reports no more.
    func cancel()
}

/// A run of a probe that is under way.
public final class ProbeTask {
    private enum State {
        /// It begins in the loop's next turn, so that nothing is reported to a caller still busy with starting it.
        case scheduled(EventLoop.Timer)
        case running(any RunningProbe)
        case ended
    }

    /// Apart from the task, so that a run, which holds it, does not hold the task that holds the run.
    private final class Completion {
        var call: ((ProbeResult) -> Void)?

        init(_ call: @escaping (ProbeResult) -> Void) {
            self.call = call
        }

        func report(_ result: ProbeResult) {
            let call = call
            self.call = nil
            call?(result)
        }
    }

    private let loop: EventLoop
    private let completion: Completion
    private var state = State.ended

    init(
        loop: EventLoop, completion: @escaping (ProbeResult) -> Void,
        making make: @escaping (_ report: @escaping (ProbeResult) -> Void) -> any RunningProbe
    ) {
        self.loop = loop
        self.completion = Completion(completion)
        let timer = loop.schedule(after: .zero) { [self] in
            let run = make { [completion = self.completion] result in completion.report(result) }
            state = .running(run)
            run.start()
        }
        state = .scheduled(timer)
    }

    /// Ends the run without a report. When this returns, its descriptors are closed and its processes are being killed;
    /// they are reaped as they end. Only the requests that close an MCP server's sessions still go out, and are given
    /// up after a second. May be called at any time: after the report it cuts short what a run does to leave politely,
    /// such as waiting for a server that it started.
    public func cancel() {
        completion.call = nil
        switch state {
        case .scheduled(let timer): loop.cancel(timer)
        case .running(let run): run.cancel()
        case .ended: break
        }
        state = .ended
    }
}
