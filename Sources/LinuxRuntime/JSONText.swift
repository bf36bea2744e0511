import Glibc

/// The text of a JSON string (RFC 8259), to and from bytes.
enum JSONText {
    /// The most bytes that one byte may become.
    static let worstGrowth = 6

    /// Whether the bytes can stand in a string as they are.
    static func isPlain(_ text: UnsafeRawBufferPointer) -> Bool {
        var isPlain = true
        // Without an early end, so that the compiler looks at many bytes at once.
        for byte in text {
            isPlain =
                isPlain && byte &- 0x20 < 0x60 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
        }
        return isPlain
    }

    /// The bytes as the inside of a string: what is no UTF-8 is replaced, what is special is escaped.
    static func escaped(_ text: UnsafeRawBufferPointer) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count + text.count / 8 + 16)
        for byte in String(decoding: text, as: UTF8.self).utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): result += [UInt8(ascii: "\\"), byte]
            case 0x09: result += [UInt8(ascii: "\\"), UInt8(ascii: "t")]
            case 0x0D: result += [UInt8(ascii: "\\"), UInt8(ascii: "r")]
            case 0..<0x20:
                result += Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            case _: result.append(byte)
            }
        }
        return result
    }

    private static let digits = Array("0123456789abcdef".utf8)

    /// The bytes that `escaped` was given, but for those that it replaced.
    static func unescaped(_ text: UnsafeRawBufferPointer) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var position = 0
        while position < text.count {
            guard text[position] == UInt8(ascii: "\\"), position + 1 < text.count else {
                result.append(text[position])
                position += 1
                continue
            }
            switch text[position + 1] {
            case UInt8(ascii: "t"): result.append(0x09)
            case UInt8(ascii: "r"): result.append(0x0D)
            case UInt8(ascii: "u") where position + 5 < text.count:
                let code = UnsafeRawBufferPointer(rebasing: text[(position + 4)...(position + 5)])
                result.append(UInt8(String(decoding: code, as: UTF8.self), radix: 16) ?? UInt8(ascii: "?"))
                position += 4
            case let byte: result.append(byte)
            }
            position += 2
        }
        return result
    }
}
