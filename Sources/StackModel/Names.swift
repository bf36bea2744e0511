/// The name of a service: a letter or digit, then letters, digits, `.`, `_` and `-`, 63 bytes at the most.
public struct ServiceName: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let text: String

    /// Nil where the text is not such a name.
    public init?(_ text: some StringProtocol) {
        let bytes = text.utf8
        guard let first = bytes.first, bytes.count <= 63, Self.isAlphanumeric(first),
            bytes.allSatisfy({ Self.isAlphanumeric($0) || $0 == 0x2E || $0 == 0x5F || $0 == 0x2D })
        else { return nil }
        self.text = String(text)
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }

    private init(known text: String) {
        self.text = text
    }

    /// The service that the daemon itself adds where the file has routes: HAProxy.
    public static let router = ServiceName(known: "stackd-haproxy")

    public var description: String { text }

    public static func < (left: ServiceName, right: ServiceName) -> Bool { left.text < right.text }
}

/// One slot of a service, written `backend/0`.
public struct ReplicaID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public var service: ServiceName
    public var index: Int

    public init(service: ServiceName, index: Int) {
        self.service = service
        self.index = index
    }

    public var description: String { "\(service)/\(index)" }

    public static func < (left: ReplicaID, right: ReplicaID) -> Bool {
        (left.service, left.index) < (right.service, right.index)
    }
}

/// One incarnation of a replica: a serial number that a stack never gives out twice, over daemon restarts too.
///
/// It is the generation that every outcome carries, so that the outcome of an earlier incarnation is seen as stale.
public struct InstanceID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public var serial: UInt64

    public init(serial: UInt64) {
        self.serial = serial
    }

    public var description: String { "#\(serial)" }

    public static func < (left: InstanceID, right: InstanceID) -> Bool { left.serial < right.serial }
}

/// A resolved service spec and its executable by the hash of their content, in lower-case hexadecimal.
public struct Revision: Hashable, Sendable, CustomStringConvertible {
    public let text: String

    public init(_ text: String) {
        self.text = text
    }

    /// The FNV-1a hash (64 bits, Fowler, Noll and Vo) of the content.
    public init(hashing content: String) {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in content.utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        let digits = String(hash, radix: 16)
        text = String(repeating: "0", count: 16 - digits.count) + digits
    }

    public var description: String { text }
}
