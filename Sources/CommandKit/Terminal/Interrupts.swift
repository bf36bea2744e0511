import Dispatch
import Glibc
import StackModel
import Synchronization

/// Signals as events: from the first use on they no longer do to the process what they do by themselves.
///
/// A handler writes each into a pipe (Bernstein's self-pipe), from which all who ask for it get it: so none is lost
/// between the first use and the moment when somebody looks, nor because another asks for it too.
enum Interrupts {
    /// Those that ask for an end.
    static let ending = [Signal.interrupt, .terminate, .hangup]

    private typealias Continuation = AsyncStream<Signal>.Continuation

    private static let listeners = Mutex<[Int32: [Continuation]]>([:])

    /// Those of the signals that the process was not told to ignore, as by nohup(1).
    static func stream(of kinds: [Signal] = ending) -> AsyncStream<Signal> {
        let (stream, continuation) = AsyncStream<Signal>.makeStream()
        guard isPiped else { return stream }
        for kind in kinds where !isIgnored(kind) {
            listeners.withLock { $0[kind.number, default: []].append(continuation) }
            signal(kind.number, passOn)
        }
        return stream
    }

    /// Stops the process as Ctrl-Z does where nobody catches it, and returns when the shell has let it go on; at once
    /// where there is no shell that could. The signal that lets it go on is no event then.
    static func stopProcess() {
        for number in [SIGTSTP, SIGCONT] { signal(number, SIG_DFL) }
        var stop = sigset_t()
        var before = sigset_t()
        sigemptyset(&stop)
        sigaddset(&stop, SIGTSTP)
        // Threads that wait for nothing but work have every signal blocked.
        pthread_sigmask(SIG_UNBLOCK, &stop, &before)
        raise(SIGTSTP)
        pthread_sigmask(SIG_SETMASK, &before, nil)
        for number in [SIGTSTP, SIGCONT] { signal(number, passOn) }
    }

    private static func isIgnored(_ kind: Signal) -> Bool {
        var action = sigaction()
        sigaction(kind.number, nil, &action)
        let handler = unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
        return handler == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    /// The pipe is there, and read from for as long as the process lives; false where there are no descriptors left, so
    /// that signals go on doing what they do by themselves.
    private static let isPiped: Bool = {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return false }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        writer.store(ends[1], ordering: .releasing)
        let source = DispatchSource.makeReadSource(fileDescriptor: ends[0], queue: .global())
        // The handler holds its source, so that it lives as long as the process does.
        source.setEventHandler { [reader = ends[0]] in withExtendedLifetime(source) { deliver(from: reader) } }
        source.resume()
        return true
    }()

    private static func deliver(from reader: Int32) {
        var numbers = [UInt8](repeating: 0, count: 64)
        let count = read(reader, &numbers, numbers.count)
        guard count > 0 else { return }
        for number in numbers.prefix(count).map({ Int32($0) }) {
            for continuation in listeners.withLock({ $0[number] ?? [] }) { continuation.yield(Signal(number: number)) }
        }
    }
}

/// The end that the handler writes to; set once, before there is a handler.
private let writer = Atomic<Int32>(-1)

/// What happens at once, in the middle of anything: nothing but a write. A pipe that is full holds enough of them.
private let passOn: @convention(c) (Int32) -> Void = { number in
    let before = errno
    var byte = UInt8(truncatingIfNeeded: number)
    _ = write(writer.load(ordering: .acquiring), &byte, 1)
    errno = before
}

extension Signal {
    static let quit = Signal(number: SIGQUIT)
    static let windowChange = Signal(number: SIGWINCH)
    /// Ctrl-Z, which stops the process until the shell lets it go on.
    static let terminalStop = Signal(number: SIGTSTP)
    static let goOn = Signal(number: SIGCONT)
}
