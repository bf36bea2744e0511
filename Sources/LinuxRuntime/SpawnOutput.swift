import Glibc

/// Reads what a program writes, as fast as its taker wants it: what nobody takes stays in the pipe, and the program
/// waits.
final class SpawnOutput {
    /// How much is read and handed on at once.
    private static let pieceSize = 64 * 1024
    /// What a pipe can hold at the most, unless an administrator has raised the limit (/proc/sys/fs/pipe-max-size).
    private static let largestPipe = 1 << 20

    private let loop: EventLoop
    /// Takes what was read; false: no more for now.
    private let take: ([UInt8]) -> Bool
    private var descriptor: Descriptor?
    private var registration: EventLoop.Registration?
    /// How much may still be read, and whom to tell when it was taken.
    private var drain: (budget: Int, completion: () -> Void)?

    /// Takes over a descriptor that never waits.
    init(
        _ descriptor: consuming Descriptor, loop: EventLoop, take: @escaping ([UInt8]) -> Bool
    ) throws(SystemError) {
        self.loop = loop
        self.take = take
        self.descriptor = consume descriptor
        try resume()
    }

    deinit {
        close()
    }

    /// Reads on, after the taker wanted no more.
    func resume() throws(SystemError) {
        if drain != nil { return goOnDraining() }
        guard registration == nil, let number = descriptor?.number else { return }
        registration = try loop.register(number, for: .readable) { [unowned self] _ in
            if let piece = read(), !take(piece) { pause() }
        }
    }

    /// Hands on what was written up to now and no more, at the taker's pace; then calls `completion`, and closes.
    func drain(_ completion: @escaping () -> Void) {
        pause()
        drain = (Self.largestPipe, completion)
        goOnDraining()
    }

    func close() {
        pause()
        descriptor = nil
        drain = nil
    }

    private func goOnDraining() {
        while let (budget, completion) = drain {
            guard budget > 0, let piece = read() else {
                close()
                return completion()
            }
            drain?.budget -= piece.count
            guard take(piece) else { return }
        }
    }

    // One that only waited for nothing would still be told of its end, again and again.
    private func pause() {
        if let registration { loop.deregister(registration) }
        registration = nil
    }

    /// What is there, up to the size of a piece; nil where there is nothing.
    private func read() -> [UInt8]? {
        guard let number = descriptor?.number else { return nil }
        let (piece, hasEnded) = withUnsafeTemporaryAllocation(byteCount: Self.pieceSize, alignment: 16) { buffer in
            var length = 0
            // A terminal gives no more than a page at once.
            while length < buffer.count {
                let count = Glibc.read(number, buffer.baseAddress.map { $0 + length }, buffer.count - length)
                if count < 0, errno == EINTR { continue }
                // The end of a terminal is an error, EIO.
                guard count > 0 else { return (Array(buffer[..<length]), count == 0 || errno != EAGAIN) }
                length += count
            }
            return (Array(buffer), false)
        }
        if hasEnded {
            pause()
            descriptor = nil
        }
        return piece.isEmpty ? nil : piece
    }
}
