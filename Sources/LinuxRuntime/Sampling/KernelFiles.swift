import Glibc

/// Reads small files that the kernel makes up, very many of them one after the other, into one buffer.
struct KernelFiles: ~Copyable {
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 << 10, alignment: 16)
    /// The directory of all processes.
    let processes: Descriptor

    init() throws(SystemError) {
        processes = try Descriptor.open("/proc", flags: O_RDONLY | O_DIRECTORY)
    }

    deinit {
        buffer.deallocate()
    }

    /// Hands over what a file says, from its position on and not more than the buffer holds; nil where it cannot be
    /// read.
    borrowing func read<Result>(_ file: Int32, _ body: (Span<UInt8>) -> Result?) -> Result? {
        let count = Glibc.read(file, buffer.baseAddress, buffer.count)
        guard count >= 0 else { return nil }
        return body(UnsafeRawBufferPointer(rebasing: buffer[..<count]).bindMemory(to: UInt8.self).span)
    }

    /// As the other, by the name of the file.
    borrowing func read<Result>(_ path: String, in directory: Int32, _ body: (Span<UInt8>) -> Result?) -> Result? {
        guard let file = try? Descriptor.open(path, flags: O_RDONLY, in: directory) else { return nil }
        return read(file.number, body)
    }

    /// The numbers in a file that may be of any length, one a line; nil where it cannot be read.
    borrowing func numbers(in file: Int32) -> [Int32]? {
        var numbers: [Int32] = []
        var number: Int32?
        while true {
            let count = Glibc.read(file, buffer.baseAddress, buffer.count)
            guard count > 0 else {
                if let number { numbers.append(number) }
                return count == 0 ? numbers : nil
            }
            for byte in buffer[..<count] {
                let digit = byte &- UInt8(ascii: "0")
                if digit < 10 {
                    number = (number ?? 0) &* 10 &+ Int32(digit)
                } else if let complete = number.take() {
                    numbers.append(complete)
                }
            }
        }
    }

    /// As the other, by the name of the file.
    borrowing func numbers(in path: String, of directory: Int32) -> [Int32]? {
        guard let file = try? Descriptor.open(path, flags: O_RDONLY, in: directory) else { return nil }
        return numbers(in: file.number)
    }
}

/// What such files say: numbers, most of them behind a name.
extension Span<UInt8> {
    /// The number that begins at an offset; nil where none does.
    func number(at offset: Int) -> UInt64? {
        guard offset < count else { return nil }
        var number: UInt64?
        for index in offset..<count {
            let digit = self[index] &- UInt8(ascii: "0")
            guard digit < 10 else { break }
            number = (number ?? 0) &* 10 &+ UInt64(digit)
        }
        return number
    }

    /// The number that is the word of an index, in one line.
    func word(_ index: Int) -> UInt64? {
        var offset = 0
        for _ in 0..<index {
            while offset < count, self[offset] != UInt8(ascii: " ") { offset += 1 }
            offset += 1
        }
        return number(at: offset)
    }

    /// The number behind the first occurrence of a key, "KEY " or "KEY=" with what belongs to it.
    func number(after key: StaticString) -> UInt64? {
        offset(behind: key, from: 0).flatMap { number(at: $0) }
    }

    /// The sum of the numbers behind a key; nil where it does not occur.
    func sum(after key: StaticString) -> UInt64? {
        var sum: UInt64?
        var offset = 0
        while let next = self.offset(behind: key, from: offset) {
            sum = (sum ?? 0) &+ (number(at: next) ?? 0)
            offset = next
        }
        return sum
    }

    private func isSpace(at offset: Int) -> Bool {
        self[offset] == UInt8(ascii: " ") || self[offset] == UInt8(ascii: "\n")
    }

    private func offset(behind key: StaticString, from start: Int) -> Int? {
        key.withUTF8Buffer { key in
            guard var offset = Optional(start), count >= key.count else { return nil }
            while offset <= count - key.count {
                var length = 0
                while length < key.count, self[offset + length] == key[length] { length += 1 }
                if length == key.count { return offset + length }
                // Keys stand at the beginning of a word.
                while offset < count, !isSpace(at: offset) { offset += 1 }
                offset += 1
            }
            return nil
        }
    }
}
