import Glibc

/// The latest records of a log that no file keeps. It has two halves: when the younger one is full, it takes the place of
/// the older. So between half its bounds and all of them are kept, at the cost of a copy.
struct LogRing {
    static let lineBound = 1000
    static let byteBound = 256 << 10

    private var older: [UInt8] = []
    private var younger: [UInt8] = []
    private var youngerLines = 0

    /// The records, oldest first, each with its newline.
    var bytes: [UInt8] { older + younger }

    /// Takes whole records. `bound` is in bytes, of both halves together.
    mutating func append(_ records: UnsafeRawBufferPointer, lines: Int, bound: Int = LogRing.byteBound) {
        let halfLines = LogRing.lineBound / 2
        guard lines <= halfLines, records.count <= bound / 2 else { return takeEnd(of: records, lines, bound) }
        if youngerLines + lines > halfLines || younger.count + records.count > bound / 2 {
            older = younger
            younger = []
            youngerLines = 0
        }
        younger.append(contentsOf: records)
        youngerLines += lines
    }

    /// Of more than a half holds, its last records are all that is kept, as far as they fit.
    private mutating func takeEnd(of records: UnsafeRawBufferPointer, _ lines: Int, _ bound: Int) {
        var start = records.count
        var taken = 0
        while start > 0, taken < min(lines, LogRing.lineBound / 2) {
            let before = records[..<(start - 1)].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
            guard records.count - before <= bound / 2 else { break }
            start = before
            taken += 1
        }
        guard taken > 0 else { return }
        older = []
        younger = Array(records[start...])
        youngerLines = taken
    }
}
