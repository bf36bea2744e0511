/// Memory for the C vectors of one spawn, given back all at once.
struct SpawnArena: ~Copyable {
    private static let chunkSize = 16 * 1024

    private struct Chunk {
        var base: UnsafeMutableRawPointer
        var size: Int
    }

    private var chunks: [Chunk] = []
    private var used = 0

    init() {}

    deinit {
        for chunk in chunks { chunk.base.deallocate() }
    }

    /// Forgets everything, and keeps one chunk for the next spawn.
    mutating func reset() {
        while chunks.count > 1 { chunks.removeLast().base.deallocate() }
        used = 0
        if let first = chunks.first, first.size > SpawnArena.chunkSize {
            first.base.deallocate()
            chunks = []
        }
    }

    /// A copy of an array's elements.
    mutating func array<Element: BitwiseCopyable>(_ elements: [Element]) -> UnsafeMutablePointer<Element> {
        let memory = allocate(count: elements.count, of: Element.self)
        for (index, element) in elements.enumerated() { (memory + index).initialize(to: element) }
        return memory
    }

    /// A C string, with room for `spare` bytes more behind it, which are zero.
    mutating func string(_ text: String, spare: Int = 0) -> UnsafeMutablePointer<CChar> {
        let utf8 = text.utf8
        let memory = allocate(count: utf8.count + 1 + spare, of: CChar.self)
        var end = memory
        for byte in utf8 {
            end.initialize(to: CChar(bitPattern: byte))
            end += 1
        }
        end.initialize(repeating: 0, count: 1 + spare)
        return memory
    }

    /// A NULL-terminated vector of C strings, with room for `spare` more of them.
    mutating func vector(_ strings: [String], spare: Int = 0) -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> {
        let memory = allocate(count: strings.count + 1 + spare, of: UnsafeMutablePointer<CChar>?.self)
        for (index, text) in strings.enumerated() { (memory + index).initialize(to: string(text)) }
        (memory + strings.count).initialize(repeating: nil, count: 1 + spare)
        return memory
    }

    private mutating func allocate<Element>(count: Int, of type: Element.Type) -> UnsafeMutablePointer<Element> {
        let alignment = MemoryLayout<Element>.alignment
        let size = count * MemoryLayout<Element>.stride
        var start = (used + alignment - 1) / alignment * alignment
        if chunks.isEmpty || start + size > chunks[chunks.count - 1].size {
            let capacity = max(size, SpawnArena.chunkSize)
            chunks.append(Chunk(base: .allocate(byteCount: capacity, alignment: 16), size: capacity))
            start = 0
        }
        used = start + size
        return (chunks[chunks.count - 1].base + start).bindMemory(to: type, capacity: count)
    }
}
