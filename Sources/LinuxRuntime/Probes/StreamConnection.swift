import Glibc

/// A client's connection over TCP or a unix stream socket, on the event loop.
///
/// It lives until it is closed, by its user or because it failed, and then calls its handler no more.
final class StreamConnection {
    enum Event {
        case connected
        case received(ArraySlice<UInt8>)
        /// The other side sends no more; what was sent before has been received. To be answered by `close`, soon.
        case ended
        /// It could not be made, or broke; it is closed.
        case failed(String)
    }

    private enum State {
        /// Nothing was tried yet, or all has ended.
        case closed
        /// The kernel connects to an address; if that fails, these follow.
        case connecting(ProbeAddress, rest: ArraySlice<ProbeAddress>)
        case open
        /// Connected; the other side has ended its half.
        case halfClosed

        var isOpen: Bool { if case .open = self { true } else { false } }
    }

    private static let readSize = 16 << 10

    private let loop: EventLoop
    private var handler: ((Event) -> Void)?
    private var state = State.closed
    private var socket: Descriptor?
    private var registration: EventLoop.Registration?
    private var outgoing: ArraySlice<UInt8> = []

    init(loop: EventLoop, handler: @escaping (Event) -> Void) {
        self.loop = loop
        self.handler = handler
    }

    /// Connects to the first of the addresses that accepts; called once. May call the handler before it returns.
    func connect(to addresses: [ProbeAddress]) {
        tryNext(addresses[...], after: "no address")
    }

    /// Is one end of a socket pair from now on, connected; the other end, which waits, is the caller's. Called instead
    /// of `connect`.
    func openPair() throws(SystemError) -> Descriptor {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        try checkLibc(socketpair(AF_UNIX, kind, 0, &ends), "socketpair")
        let own = Descriptor(owning: ends[0])
        let other = Descriptor(owning: ends[1])
        try own.setNonBlocking()
        registration = try loop.register(own.number, for: .readable) { [self] readiness in ready(readiness) }
        socket = .some(own)
        state = .open
        return other
    }

    /// Sends as soon as the other side takes it; only when connected.
    func send(_ bytes: some Sequence<UInt8>) {
        outgoing += bytes
        if !outgoing.isEmpty { flush() }
    }

    /// Tells the other side that nothing more will be sent; what it did not take yet is dropped.
    func finishSending() {
        outgoing = []
        if let socket = socket?.number { shutdown(socket, Int32(SHUT_WR)) }
        setInterest()
    }

    /// Receives what has arrived already: at most 256 KiB, which is more than a socket pair holds.
    func receivePending() {
        for _ in 0..<16 where state.isOpen {
            guard receive() else { return }
        }
    }

    func close() {
        closeSocket()
        state = .closed
        handler = nil
        outgoing = []
    }

    // MARK: Connecting

    private func tryNext(_ addresses: ArraySlice<ProbeAddress>, after reason: String) {
        closeSocket()
        guard let address = addresses.first else { return fail(reason) }
        state = .connecting(address, rest: addresses.dropFirst())
        do throws(SystemError) {
            try begin(address)
        } catch {
            connectFailed(error.errno)
        }
    }

    private func begin(_ address: ProbeAddress) throws(SystemError) {
        let descriptor = try Descriptor.socket(address.address.family, SOCK_STREAM, nonBlocking: true)
        let number = descriptor.number
        socket = .some(descriptor)
        registration = try loop.register(number, for: .writable) { [self] readiness in ready(readiness) }
        if address.address.connect(number) == 0 { return }  // reported as writable
        let error = SystemError.last("connect")
        if error.errno != EINPROGRESS { throw error }
    }

    private func connectFailed(_ number: Int32) {
        guard case .connecting(let address, let rest) = state else { return }
        // A unix socket does not wait for room in the other side's queue when it may not block.
        let why = number == EAGAIN ? "its queue of connections is full" : Self.words(number)
        tryNext(rest, after: "connect to \(address): \(why)")
    }

    private func finishConnecting() {
        guard let number = socket?.number else { return }
        var error: Int32 = 0
        var length = socklen_t(MemoryLayout.size(ofValue: error))
        if getsockopt(number, SOL_SOCKET, SO_ERROR, &error, &length) != 0 { error = errno }
        // When nobody listens on a port of the range that clients get theirs from, the kernel may give this client that
        // very port, and then connects it to itself.
        if error == 0, Self.isConnectedToItself(number) { error = ECONNREFUSED }
        if error != 0 { return connectFailed(error) }
        state = .open
        setInterest()
        handler?(.connected)
    }

    private static func isConnectedToItself(_ number: Int32) -> Bool {
        func name(_ call: (Int32, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32) -> [UInt8]?
        {
            var storage = sockaddr_storage()
            return withUnsafeMutableBytes(of: &storage) { buffer in
                var length = socklen_t(buffer.count)
                guard let base = buffer.baseAddress?.assumingMemoryBound(to: sockaddr.self),
                    call(number, base, &length) == 0, Int32(base.pointee.sa_family) != AF_UNIX
                else { return nil }
                return Array(buffer.prefix(Int(length)))
            }
        }
        guard let own = name({ getsockname($0, $1, $2) }) else { return false }
        return own == name { getpeername($0, $1, $2) }
    }

    // MARK: Bytes

    private func ready(_ readiness: Readiness) {
        switch state {
        case .closed: break
        case .connecting: finishConnecting()
        case .open, .halfClosed:
            if !outgoing.isEmpty { flush() }
            if state.isOpen, !readiness.isDisjoint(with: [.readable, .hangUp, .error]) { receive() }
        }
    }

    /// Receives once; false when there was nothing.
    @discardableResult
    private func receive() -> Bool {
        guard let number = socket?.number else { return false }
        var outcome = 0
        var error: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: Self.readSize) { buffer, count in
            outcome = recv(number, buffer.baseAddress, buffer.count, 0)
            error = errno
            count = max(0, outcome)
        }
        switch outcome {
        case 1...: handler?(.received(bytes[...]))
        case 0:
            state = .halfClosed
            setInterest()
            handler?(.ended)
        default:
            if error == EAGAIN || error == EINTR { return false }
            fail(Self.words(error))
        }
        return true
    }

    private func flush() {
        guard let number = socket?.number, !outgoing.isEmpty else { return }
        let count = outgoing.withUnsafeBytes { Glibc.send(number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        let error = errno
        if count >= 0 {
            outgoing = outgoing.dropFirst(count)
        } else if error != EAGAIN && error != EINTR {
            // What the other side said before it closed is worth more than this error: it is read first.
            outgoing = []
        }
        setInterest()
    }

    private func setInterest() {
        guard let registration else { return }
        var interest: Readiness = outgoing.isEmpty ? [] : .writable
        if state.isOpen { interest.insert(.readable) }
        do throws(SystemError) {
            try loop.modify(registration, interest: interest)
        } catch {
            fail(error.description)
        }
    }

    private func fail(_ words: String) {
        let handler = handler
        close()
        handler?(.failed(words))
    }

    private func closeSocket() {
        if let registration { loop.deregister(registration) }
        registration = nil
        socket = nil
    }

    /// The system's sentence for an error, as the part of a sentence.
    private static func words(_ number: Int32) -> String {
        let text = SystemError.text(number)
        return text.prefix(1).lowercased() + text.dropFirst()
    }
}
