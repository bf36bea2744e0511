import Glibc

/// A pipe for a program's output, of which the first and the last bytes are kept. The rest is read and dropped, so that
/// the program never waits for a reader; and its end is never waited for, because an orphan may hold the pipe for ever.
final class OutputExcerpt {
    private static let keptSize = 1 << 10
    private static let readSize = 16 << 10

    private let loop: EventLoop
    private let reader: Descriptor
    private var writer: Descriptor?
    private var registration: EventLoop.Registration?
    private var head: [UInt8] = []
    private var tail: ArraySlice<UInt8> = []

    init(loop: EventLoop) throws(SystemError) {
        self.loop = loop
        let pipe = try Pipe()
        reader = pipe.reader
        writer = .some(pipe.writer)
    }

    /// The end to lend to the program.
    var writerNumber: Int32? { writer?.number }

    /// Begins to read, once the program has its end.
    func start() throws(SystemError) {
        writer = nil
        registration = try loop.register(reader.number, for: .readable) { [unowned self] _ in
            if !readOnce() { close() }
        }
    }

    /// The line of what was written until now that tells the most; nil when there is none. It is the first, but the
    /// last where the first one only leads to it, as `Traceback (most recent call last):` does.
    func tellingLine() -> String? {
        let first = excerpt(of: beginning())
        guard first.hasSuffix(":") else { return first.isEmpty ? nil : first }
        let last = excerpt(of: tail.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }).last ?? [])
        return last.isEmpty ? first : last
    }

    /// The first of what was written until now.
    func beginning() -> [UInt8] {
        // What the program wrote last may still lie in the pipe. Its capacity (64 KiB) bounds the reads.
        for _ in 0..<8 where registration != nil {
            if !readOnce() { close() }
        }
        return head
    }

    func close() {
        if let registration { loop.deregister(registration) }
        registration = nil
    }

    /// False at the end of the output, or when it cannot be read.
    private func readOnce() -> Bool {
        var isOpen = true
        let bytes = [UInt8](unsafeUninitializedCapacity: Self.readSize) { buffer, count in
            do throws(SystemError) {
                guard let size = try reader.read(into: UnsafeMutableRawBufferPointer(buffer)) else { return }
                count = size
                isOpen = size > 0
            } catch {
                isOpen = false
            }
        }
        head += bytes.prefix(Self.keptSize - head.count)
        tail = (tail + bytes).suffix(Self.keptSize)
        return isOpen
    }
}
