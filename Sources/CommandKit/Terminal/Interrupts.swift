import Dispatch
import Glibc
import StackModel

/// Signals as events: from the first use on they no longer do to the process what they do by themselves.
enum Interrupts {
    /// Those that ask for an end.
    static let ending = [Signal.interrupt, .terminate, .hangup]

    /// Those of the signals that the process was not told to ignore, as by nohup(1).
    static func stream(of kinds: [Signal] = ending) -> AsyncStream<Signal> {
        let (stream, continuation) = AsyncStream<Signal>.makeStream()
        for kind in kinds where !isIgnored(kind) {
            signal(kind.number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: kind.number, queue: .global())
            // The handler holds its source, so that it lives as long as the process does.
            source.setEventHandler { withExtendedLifetime(source) { _ = continuation.yield(kind) } }
            source.resume()
        }
        return stream
    }

    /// Stops the process as Ctrl-Z does where nobody catches it, and returns when the shell has let it go on; at once
    /// where there is no shell that could.
    static func stopProcess() {
        signal(SIGTSTP, SIG_DFL)
        var stop = sigset_t()
        var before = sigset_t()
        sigemptyset(&stop)
        sigaddset(&stop, SIGTSTP)
        // Threads that wait for nothing but work have every signal blocked.
        pthread_sigmask(SIG_UNBLOCK, &stop, &before)
        raise(SIGTSTP)
        pthread_sigmask(SIG_SETMASK, &before, nil)
        signal(SIGTSTP, SIG_IGN)
    }

    private static func isIgnored(_ kind: Signal) -> Bool {
        var action = sigaction()
        sigaction(kind.number, nil, &action)
        let handler = unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
        return handler == unsafeBitCast(SIG_IGN, to: Int.self)
    }
}

extension Signal {
    static let quit = Signal(number: SIGQUIT)
    static let windowChange = Signal(number: SIGWINCH)
    /// Ctrl-Z, which stops the process until the shell lets it go on.
    static let terminalStop = Signal(number: SIGTSTP)
    static let goOn = Signal(number: SIGCONT)
}
