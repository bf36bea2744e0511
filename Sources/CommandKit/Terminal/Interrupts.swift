import Dispatch
import Glibc
import StackModel

/// The signals that ask for an end, as events: from the first use on they no longer end the process by themselves.
enum Interrupts {
    /// Those of SIGINT, SIGTERM and SIGHUP that the process was not told to ignore, as by nohup(1).
    static func stream() -> AsyncStream<Signal> {
        let (stream, continuation) = AsyncStream<Signal>.makeStream()
        for kind in [Signal.interrupt, .terminate, .hangup] where !isIgnored(kind) {
            signal(kind.number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: kind.number, queue: .global())
            // The handler holds its source, so that it lives as long as the process does.
            source.setEventHandler { withExtendedLifetime(source) { _ = continuation.yield(kind) } }
            source.resume()
        }
        return stream
    }

    private static func isIgnored(_ kind: Signal) -> Bool {
        var action = sigaction()
        sigaction(kind.number, nil, &action)
        let handler = unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
        return handler == unsafeBitCast(SIG_IGN, to: Int.self)
    }
}
