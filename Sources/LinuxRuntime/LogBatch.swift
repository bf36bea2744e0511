import Glibc

/// Formatted records that wait for one write. One batch serves all logs: it is empty whenever the loop turns.
struct LogBatch: ~Copyable {
    /// How much is gathered before it is written.
    static let limit = 256 * 1024

    private let memory: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    /// The longest record: a piece of a line, its stamp, and room to spare.
    init(longestText: Int) {
        memory = .allocate(byteCount: LogBatch.limit + longestText + 1024, alignment: 16)
    }

    deinit {
        memory.deallocate()
    }

    /// Whether the next record may not fit.
    var isFull: Bool { count >= LogBatch.limit }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[0..<count]) }

    mutating func removeAll() {
        count = 0
    }

    /// Adds one record. `prefix` is the time, label and stream, with the space that follows.
    mutating func append(prefix: [UInt8], sequence: UInt64, text: UnsafeRawBufferPointer) {
        prefix.withUnsafeBytes { put($0) }
        putDecimal(sequence)
        memory[count] = UInt8(ascii: " ")
        count += 1
        put(text)
        memory[count] = UInt8(ascii: "\n")
        count += 1
    }

    private mutating func put(_ source: UnsafeRawBufferPointer) {
        guard let base = source.baseAddress, let start = memory.baseAddress else { return }
        memcpy(start + count, base, source.count)
        count += source.count
    }

    private mutating func putDecimal(_ value: UInt64) {
        var digits = 1
        var bound: UInt64 = 10
        while value >= bound, digits < 20 {
            digits += 1
            bound = digits < 20 ? bound * 10 : .max
        }
        var rest = value
        for position in stride(from: count + digits - 1, through: count, by: -1) {
            memory[position] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        count += digits
    }
}
