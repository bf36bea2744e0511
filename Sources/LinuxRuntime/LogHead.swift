import Glibc

/// What stands before the text of a record. Of the records of one read only the number differs, so it is counted on in
/// place.
struct LogHead: ~Copyable {
    private static let maximumDigits = 20

    private var memory: UnsafeMutableRawBufferPointer = .allocate(byteCount: 512, alignment: 16)
    private var count = 0
    /// Where the number's digits are.
    private var digits = 0..<0
    private(set) var number: UInt64 = 0
    private(set) var format = LogFormat.text
    /// What stands behind the text.
    private(set) var tail: StaticString = "\n"

    deinit {
        memory.deallocate()
    }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[0..<count]) }

    /// The most bytes that a record of a text of this length takes.
    func worstSize(ofText length: Int) -> Int {
        count + LogHead.maximumDigits + 32 + (format == .json ? length * JSONText.worstGrowth : length)
    }

    /// Writes the head of the record of this number.
    mutating func begin(
        _ format: LogFormat, _ owner: LogOwner, _ stream: LogStream, number: UInt64, time: WallTime,
        continues: Bool = false
    ) {
        self.number = number
        self.format = format
        let after: StaticString
        count = 0
        switch format {
        case .text:
            put(time)
            put(" \(owner.service)/\(owner.replica) \(stream.label)\(continues ? "+" : "") ")
            (after, tail) = (" ", "\n")
        case .json:
            put("{\"time\":\"")
            put(time)
            put("\",\"service\":\"\(owner.service)\",\"replica\":\(owner.replica)")
            put(",\"stream\":\"\(stream.name)\",\"sequence\":")
            after = ",\"text\":\""
            tail = continues ? "\",\"continues\":true}\n" : "\"}\n"
        }
        let start = count
        put(String(number))
        digits = start..<count
        put("\(after)")
    }

    /// Counts on to the next record.
    @inline(__always)
    mutating func advance() {
        number += 1
        var position = digits.upperBound - 1
        while position >= digits.lowerBound {
            if memory[position] != UInt8(ascii: "9") {
                memory[position] += 1
                return
            }
            memory[position] = UInt8(ascii: "0")
            position -= 1
        }
        widen()
    }

    /// 999 has become 000: a digit more is wanted before it.
    private mutating func widen() {
        reserve(1)
        guard let start = memory.baseAddress else { return }
        memmove(start + digits.lowerBound + 1, start + digits.lowerBound, count - digits.lowerBound)
        memory[digits.lowerBound] = UInt8(ascii: "1")
        digits = digits.lowerBound..<(digits.upperBound + 1)
        count += 1
    }

    private mutating func put(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            reserve(bytes.count)
            guard let start = memory.baseAddress, let base = bytes.baseAddress else { return }
            memcpy(start + count, base, bytes.count)
            count += bytes.count
        }
    }

    private mutating func put(_ time: WallTime) {
        reserve(WallTime.textLength)
        time.write(to: UnsafeMutableRawBufferPointer(rebasing: memory[count...]))
        count += WallTime.textLength
    }

    private mutating func reserve(_ more: Int) {
        guard count + more > memory.count else { return }
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: (count + more) * 2, alignment: 16)
        larger.copyMemory(from: bytes)
        memory.deallocate()
        memory = larger
    }
}

extension LogHead {
    /// A gap's record, whole.
    static func gap(_ loss: LogLoss, _ owner: LogOwner, _ format: LogFormat, time: WallTime) -> [UInt8] {
        var head = LogHead()
        head.begin(format, owner, .gap, number: loss.last, time: time)
        let text = Array(loss.text.utf8).withUnsafeBytes { format == .json ? JSONText.escaped($0) : Array($0) }
        return Array(head.bytes) + text + Array("\(head.tail)".utf8)
    }
}
