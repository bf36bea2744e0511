import Testing

@testable import LinuxRuntime

@Suite struct LogRingTests {
    private func lines(_ range: ClosedRange<Int>, length: Int = 8) -> [UInt8] {
        range.flatMap { number in
            let text = String(number)
            return Array((text + String(repeating: ".", count: length - text.count - 1) + "\n").utf8)
        }
    }

    private func append(
        _ range: ClosedRange<Int>, length: Int = 8, bound: Int = LogRing.byteBound, to ring: inout LogRing
    ) {
        lines(range, length: length).withUnsafeBytes { ring.append($0, lines: range.count, bound: bound) }
    }

    private func numbers(_ ring: LogRing) -> [Int] {
        String(decoding: ring.bytes, as: UTF8.self).split(separator: "\n").compactMap { Int($0.prefix { $0 != "." }) }
    }

    @Test(arguments: [1, 3, 7, 100, 499, 500]) func keepsAtLeastHalfOfItsLines(_ step: Int) {
        var ring = LogRing()
        var last = 0
        while last < 5000 {
            append((last + 1)...(last + step), to: &ring)
            last += step
            let kept = numbers(ring)
            #expect(kept.count <= LogRing.lineBound && kept.count >= min(last, LogRing.lineBound / 2 - step))
            #expect(kept == Array((last - kept.count + 1)...last))
        }
    }

    @Test func keepsTheEndOfWhatIsLargerThanItself() {
        var ring = LogRing()
        append(1...10, to: &ring)
        append(11...9000, to: &ring)
        #expect(numbers(ring) == Array(8501...9000))
        append(9001...9001, to: &ring)
        #expect(numbers(ring).last == 9001)
    }

    @Test func staysWithinItsBytes() {
        var ring = LogRing()
        for number in 1...100 {
            append(number...number, length: 100, bound: 1000, to: &ring)
            #expect(ring.bytes.count <= 1000)
        }
        #expect(numbers(ring).last == 100 && numbers(ring).count >= 5)
    }
}
