extension ZoneRules {
    /// Why the bytes are no time zone.
    public enum TZifFault: Error, Hashable, Sendable {
        /// They are no TZif file, or not all of one.
        case malformed
        /// A file of version 1, whose times end in 2038.
        case tooOld
        /// Its times count leap seconds (`right/…`), which the system's clock does not.
        case countsLeapSeconds
    }

    /// Reads a file of the tz database as zic(8) compiles it (RFC 9636, TZif), version 2 or later.
    public init(name: String, tzif bytes: [UInt8]) throws(TZifFault) {
        var reader = TZifReader(bytes: bytes[...])
        let old = try reader.header()
        guard old.version != 0 else { throw .tooOld }
        try reader.skip(old.size(ofTime: 4))
        let header = try reader.header()
        guard header.leapSeconds == 0 else { throw .countsLeapSeconds }
        guard header.types > 0 else { throw .malformed }
        var times: [Int64] = []
        for _ in 0..<header.times { times.append(try reader.integer(bytes: 8)) }
        var indices: [Int] = []
        for _ in 0..<header.times { indices.append(Int(try reader.integer(bytes: 1) & 0xFF)) }
        var offsets: [Int64] = []
        for _ in 0..<header.types {
            offsets.append(try reader.integer(bytes: 4))
            // Whether it is daylight saving time, and what it is called.
            try reader.skip(2)
        }
        try reader.skip(header.sizeAfterTypes(ofTime: 8))
        let isSound = indices.allSatisfy { $0 < offsets.count } && zip(times, times.dropFirst()).allSatisfy { $0 < $1 }
        guard isSound else { throw .malformed }
        self.init(
            name: name, firstOffset: offsets[0],
            transitions: zip(times, indices).map { Transition(time: $0, offset: offsets[$1]) },
            rule: try reader.footer())
    }
}

private struct TZifHeader {
    var version: UInt8
    var isUTC: Int
    var isStandard: Int
    var leapSeconds: Int
    var times: Int
    var types: Int
    var characters: Int

    /// Of the data block that follows, in bytes.
    func size(ofTime width: Int) -> Int {
        times * (width + 1) + types * 6 + sizeAfterTypes(ofTime: width)
    }

    func sizeAfterTypes(ofTime width: Int) -> Int {
        characters + leapSeconds * (width + 4) + isStandard + isUTC
    }
}

private struct TZifReader {
    var bytes: ArraySlice<UInt8>

    mutating func skip(_ count: Int) throws(ZoneRules.TZifFault) {
        guard bytes.count >= count else { throw .malformed }
        bytes = bytes.dropFirst(count)
    }

    /// Big endian, two's complement.
    mutating func integer(bytes count: Int) throws(ZoneRules.TZifFault) -> Int64 {
        guard bytes.count >= count else { throw .malformed }
        let bits = bytes.prefix(count).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        bytes = bytes.dropFirst(count)
        let unused = UInt64(64 - count * 8)
        return Int64(bitPattern: bits << unused) >> Int64(unused)
    }

    mutating func header() throws(ZoneRules.TZifFault) -> TZifHeader {
        guard bytes.starts(with: [0x54, 0x5A, 0x69, 0x66]) else { throw .malformed }
        try skip(4)
        let version = UInt8(truncatingIfNeeded: try integer(bytes: 1))
        try skip(15)
        var counts: [Int] = []
        for _ in 0..<6 {
            let count = try integer(bytes: 4)
            // Each counts at least a byte of the file.
            guard count >= 0, count <= bytes.count else { throw .malformed }
            counts.append(Int(count))
        }
        return TZifHeader(
            version: version, isUTC: counts[0], isStandard: counts[1], leapSeconds: counts[2], times: counts[3],
            types: counts[4], characters: counts[5])
    }

    /// What holds after the last transition; nil where the file does not say.
    mutating func footer() throws(ZoneRules.TZifFault) -> DaylightRule? {
        guard bytes.first == 0x0A, let end = bytes.dropFirst().firstIndex(of: 0x0A) else { throw .malformed }
        let text = bytes[(bytes.startIndex + 1)..<end]
        guard !text.isEmpty else { return nil }
        guard let rule = DaylightRule(text: text) else { throw .malformed }
        return rule
    }
}
