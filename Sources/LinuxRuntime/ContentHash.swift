/// XXH64, a hash of 64 bits that reads as fast as memory does (Collet, "xxHash fast digest algorithm", 0.1.1). It tells
/// contents apart that nobody has made up to be confused.
struct ContentHash {
    private static let stripe = 32
    private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
    private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
    private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
    private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
    private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

    private var lanes: (UInt64, UInt64, UInt64, UInt64)
    private var length: UInt64 = 0
    /// What did not fill a stripe yet.
    private var rest: [UInt8] = []

    init() {
        lanes = (Self.prime1 &+ Self.prime2, Self.prime2, 0, 0 &- Self.prime1)
        rest.reserveCapacity(Self.stripe)
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        length += UInt64(bytes.count)
        var position = 0
        if !rest.isEmpty {
            position = min(Self.stripe - rest.count, bytes.count)
            rest += bytes[..<position]
            guard rest.count == Self.stripe else { return }
            rest.withUnsafeBytes { lanes = Self.mixed(lanes, $0, 0) }
            rest.removeAll(keepingCapacity: true)
        }
        // A local copy stays in registers.
        var local = lanes
        while bytes.count - position >= Self.stripe {
            local = Self.mixed(local, bytes, position)
            position += Self.stripe
        }
        lanes = local
        rest += bytes[position...]
    }

    func finish() -> UInt64 {
        var hash = length < Self.stripe ? Self.prime5 : merged()
        hash &+= length
        rest.withUnsafeBytes { rest in
            var position = 0
            while rest.count - position >= 8 {
                hash ^= Self.round(0, Self.word(rest, position))
                hash = Self.rotated(hash, 27) &* Self.prime1 &+ Self.prime4
                position += 8
            }
            if rest.count - position >= 4 {
                let half = UInt32(littleEndian: rest.loadUnaligned(fromByteOffset: position, as: UInt32.self))
                hash ^= UInt64(half) &* Self.prime1
                hash = Self.rotated(hash, 23) &* Self.prime2 &+ Self.prime3
                position += 4
            }
            for byte in rest[position...] {
                hash ^= UInt64(byte) &* Self.prime5
                hash = Self.rotated(hash, 11) &* Self.prime1
            }
        }
        hash = (hash ^ (hash >> 33)) &* Self.prime2
        hash = (hash ^ (hash >> 29)) &* Self.prime3
        return hash ^ (hash >> 32)
    }

    private func merged() -> UInt64 {
        var hash =
            Self.rotated(lanes.0, 1) &+ Self.rotated(lanes.1, 7) &+ Self.rotated(lanes.2, 12)
            &+ Self.rotated(lanes.3, 18)
        for lane in [lanes.0, lanes.1, lanes.2, lanes.3] {
            hash = (hash ^ Self.round(0, lane)) &* Self.prime1 &+ Self.prime4
        }
        return hash
    }

    @inline(__always)
    private static func mixed(
        _ lanes: (UInt64, UInt64, UInt64, UInt64), _ bytes: UnsafeRawBufferPointer, _ position: Int
    ) -> (UInt64, UInt64, UInt64, UInt64) {
        (
            round(lanes.0, word(bytes, position)), round(lanes.1, word(bytes, position + 8)),
            round(lanes.2, word(bytes, position + 16)), round(lanes.3, word(bytes, position + 24))
        )
    }

    @inline(__always)
    private static func round(_ lane: UInt64, _ word: UInt64) -> UInt64 {
        rotated(lane &+ word &* prime2, 31) &* prime1
    }

    @inline(__always)
    private static func word(_ bytes: UnsafeRawBufferPointer, _ position: Int) -> UInt64 {
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
    }

    @inline(__always)
    private static func rotated(_ value: UInt64, _ count: UInt64) -> UInt64 {
        (value << count) | (value >> (64 - count))
    }
}
