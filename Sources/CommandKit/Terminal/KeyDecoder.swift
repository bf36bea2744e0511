/// Makes keys of the bytes of a terminal in raw mode: UTF-8, the control sequences of ECMA-48 as xterm uses them, and
/// bracketed pastes. What it does not know it drops.
struct KeyDecoder: Sendable {
    private enum State: Hashable, Sendable {
        /// Between keys.
        case ground
        /// Within a character of so many bytes; next `ground`.
        case character([UInt8], length: Int)
        /// After ESC: the Escape key, or the beginning of a sequence; next `sequence`, `function` or `ground`.
        case escape
        /// After `ESC [`, with what came since; next `ground` or `paste`.
        case sequence([UInt8])
        /// After `ESC O`: a cursor key in application mode; next `ground`.
        case function
        /// Within a paste, up to its end sequence; next `ground`.
        case paste([UInt8])
    }

    private var state = State.ground

    private static let longestSequence = 32
    /// What is beyond it is dropped.
    private static let longestPaste = 64 << 10
    private static let pasteEnd = Array("\u{1B}[201~".utf8)
    private static let escapeByte: UInt8 = 0x1B

    /// Whether what came last may be the Escape key or the beginning of a sequence, which only time can tell.
    var isUndecided: Bool {
        switch state {
        case .escape, .sequence, .function: true
        case .ground, .character, .paste: false
        }
    }

    mutating func feed(_ bytes: [UInt8]) -> [Key] {
        bytes.flatMap { take($0) }
    }

    /// Nothing came after what was undecided: it was the Escape key, or nothing at all.
    mutating func timeOut() -> [Key] {
        defer { state = .ground }
        return state == .escape ? [.escape] : []
    }

    private mutating func take(_ byte: UInt8) -> [Key] {
        switch state {
        case .ground:
            return begin(byte)
        case .character(let bytes, let length):
            return goOn(bytes, length: length, with: byte)
        case .escape:
            return afterEscape(byte)
        case .sequence(let bytes):
            return goOn(sequence: bytes, with: byte)
        case .function:
            state = .ground
            return Self.cursorKey(byte).map { [$0] } ?? []
        case .paste(let bytes):
            return goOn(paste: bytes, with: byte)
        }
    }

    private mutating func begin(_ byte: UInt8) -> [Key] {
        switch byte {
        case Self.escapeByte: state = .escape
        case 0x0D, 0x0A: return [.enter]
        case 0x09: return [.tab]
        case 0x08, 0x7F: return [.backspace]
        case ..<0x20: return [.control(Character(Unicode.Scalar(byte + 0x40)).lowercased().first ?? " ")]
        case ..<0x80: return [.character(Character(Unicode.Scalar(byte)))]
        case 0xC2...0xDF: state = .character([byte], length: 2)
        case 0xE0...0xEF: state = .character([byte], length: 3)
        case 0xF0...0xF4: state = .character([byte], length: 4)
        default: break  // no character begins so
        }
        return []
    }

    private mutating func goOn(_ bytes: [UInt8], length: Int, with byte: UInt8) -> [Key] {
        guard (0x80...0xBF).contains(byte) else {
            state = .ground
            return begin(byte)
        }
        let all = bytes + [byte]
        guard all.count == length else {
            state = .character(all, length: length)
            return []
        }
        state = .ground
        guard let text = String(validating: all, as: UTF8.self), let character = text.first else { return [] }
        return [.character(character)]
    }

    private mutating func afterEscape(_ byte: UInt8) -> [Key] {
        switch byte {
        case UInt8(ascii: "["):
            state = .sequence([])
            return []
        case UInt8(ascii: "O"):
            state = .function
            return []
        case Self.escapeByte:
            return [.escape]
        default:
            state = .ground
            return [.escape] + begin(byte)
        }
    }

    private mutating func goOn(sequence bytes: [UInt8], with byte: UInt8) -> [Key] {
        switch byte {
        case 0x20...0x3F where bytes.count < Self.longestSequence:
            state = .sequence(bytes + [byte])
            return []
        case 0x40...0x7E:
            state = .ground
            return finish(sequence: bytes, with: byte)
        default:
            // A sequence that another one breaks off, or without an end.
            state = .ground
            return byte < 0x20 ? begin(byte) : []
        }
    }

    private mutating func finish(sequence bytes: [UInt8], with final: UInt8) -> [Key] {
        guard final == UInt8(ascii: "~") else { return Self.cursorKey(final).map { [$0] } ?? [] }
        // The first parameter is the key, a second one the modifiers.
        switch Int(String(decoding: bytes.prefix { $0 != UInt8(ascii: ";") }, as: UTF8.self)) {
        case 1, 7: return [.home]
        case 4, 8: return [.end]
        case 3: return [.delete]
        case 5: return [.pageUp]
        case 6: return [.pageDown]
        case 200:
            state = .paste([])
            return []
        default: return []
        }
    }

    private static func cursorKey(_ final: UInt8) -> Key? {
        switch final {
        case UInt8(ascii: "A"): .up
        case UInt8(ascii: "B"): .down
        case UInt8(ascii: "C"): .right
        case UInt8(ascii: "D"): .left
        case UInt8(ascii: "H"): .home
        case UInt8(ascii: "F"): .end
        case UInt8(ascii: "Z"): .backTab
        case UInt8(ascii: "M"): .enter
        default: nil
        }
    }

    private mutating func goOn(paste bytes: [UInt8], with byte: UInt8) -> [Key] {
        var all = bytes
        // Taken out of the state, so that the bytes are appended in place.
        state = .ground
        all.append(byte)
        if all.suffix(Self.pasteEnd.count).elementsEqual(Self.pasteEnd) {
            return [.paste(String(decoding: all.dropLast(Self.pasteEnd.count), as: UTF8.self))]
        }
        // The newest bytes are kept beyond the limit, since they may be the beginning of the end.
        if all.count > Self.longestPaste + Self.pasteEnd.count { all.remove(at: Self.longestPaste) }
        state = .paste(all)
        return []
    }
}
