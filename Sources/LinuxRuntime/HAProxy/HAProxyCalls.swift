import Glibc

/// A unix socket at which requests call that wait in HAProxy: each says one line, and then stays on the line until
/// it is hung up, by whoever owns this or because the request waits no more. It belongs to the loop's thread.
public final class HAProxyCalls {
    public struct Call: Hashable, Sendable {
        fileprivate var number: UInt64
    }

    private final class Line {
        let socket: Descriptor
        var registration: EventLoop.Registration?
        var received: [UInt8] = []
        /// It has said all that it will.
        var isHeard = false

        init(_ socket: consuming Descriptor) {
            self.socket = socket
        }
    }

    /// Each takes a descriptor of the daemon's; one HAProxy makes far fewer calls at a time.
    private static let mostCalls = 1024
    private static let longestLine = 256
    private static let pause = Duration.seconds(1)

    private let loop: EventLoop
    private let listener: Listener
    private let onCall: (Call, String) -> Void
    private let onEnd: (Call) -> Void
    private var registration: EventLoop.Registration?
    private var lines: [Call: Line] = [:]
    private var lastNumber: UInt64 = 0

    /// Listens at `path`, where only `user` may call, or this process's own user where it is nil. `onCall` gets each
    /// call with its line, and `onEnd` those that were hung up by the other side; neither is called from within
    /// `hangUp`.
    public init(
        path: String, user: UInt32?, loop: EventLoop, onCall: @escaping (Call, String) -> Void,
        onEnd: @escaping (Call) -> Void
    ) throws(SystemError) {
        self.loop = loop
        self.onCall = onCall
        self.onEnd = onEnd
        var options = ListenOptions()
        (options.mode, options.user) = (0o600, user)
        listener = try Listener(.unix(path: path, .stream), options)
        registration = try loop.register(listener.descriptor, for: .readable) { [unowned self] _ in accept() }
    }

    deinit {
        if let registration { loop.deregister(registration) }
        for line in lines.values { if let registration = line.registration { loop.deregister(registration) } }
        listener.close()
    }

    /// Ends a call; one that has ended already is left alone.
    public func hangUp(_ call: Call) {
        guard let line = lines.removeValue(forKey: call) else { return }
        if let registration = line.registration { loop.deregister(registration) }
    }

    /// One connection: the loop comes again for the next.
    private func accept() {
        let number = Glibc.accept(listener.descriptor, nil, nil)
        guard number >= 0 else {
            // Without descriptors, say, the loop would come for ever.
            if errno != EINTR && errno != ECONNABORTED && errno != EAGAIN { rest() }
            return
        }
        let line = Line(Descriptor(owning: number))
        // Only the loop's thread spawns, so no child gets it meanwhile.
        guard lines.count < Self.mostCalls, fcntl(number, F_SETFD, FD_CLOEXEC) == 0,
            (try? line.socket.setNonBlocking()) != nil
        else { return }
        lastNumber += 1
        let call = Call(number: lastNumber)
        line.registration = try? loop.register(number, for: .readable) { [unowned self] _ in receive(call) }
        if line.registration != nil { lines[call] = line }
    }

    private func rest() {
        guard let registration, (try? loop.modify(registration, interest: [])) != nil else { return }
        loop.schedule(after: Self.pause) { [weak self] in
            guard let self else { return }
            try? loop.modify(registration, interest: .readable)
        }
    }

    private func receive(_ call: Call) {
        guard let line = lines[call] else { return }
        withUnsafeTemporaryAllocation(byteCount: Self.longestLine, alignment: 8) { buffer in
            let count: Int
            do throws(SystemError) {
                guard let read = try line.socket.read(into: buffer) else { return }
                count = read
            } catch {
                return end(call)
            }
            line.received += buffer.prefix(count)
            if count == 0 || line.received.count > Self.longestLine { return end(call) }
            guard !line.isHeard, let end = line.received.firstIndex(of: UInt8(ascii: "\n")) else { return }
            line.isHeard = true
            onCall(call, String(decoding: line.received[..<end], as: UTF8.self))
        }
    }

    private func end(_ call: Call) {
        hangUp(call)
        onEnd(call)
    }
}
