/// How far a client has come in the logs of all replicas: the number of the last line of each that it has seen.
///
/// It is the `id` of every message of `GET /v1/logs` as server-sent events: `backend/0=41,db/0=7`.
public struct LogPosition: Hashable, Sendable {
    public struct Replica: Hashable, Comparable, Sendable {
        public var service: String
        public var index: Int

        public init(service: String, index: Int) {
            self.service = service
            self.index = index
        }

        public static func < (left: Replica, right: Replica) -> Bool {
            (left.service, left.index) < (right.service, right.index)
        }
    }

    public var numbers: [Replica: UInt64]

    public init(numbers: [Replica: UInt64] = [:]) {
        self.numbers = numbers
    }

    /// Takes note of a line.
    public mutating func advance(over line: LogLine) {
        numbers[Replica(service: line.service, index: line.replica)] = line.sequence
    }

    /// Nil where the text is no position.
    public init?(_ text: some StringProtocol) {
        numbers = [:]
        for entry in text.split(separator: ",") {
            guard let equals = entry.lastIndex(of: "="), let slash = entry[..<equals].lastIndex(of: "/"),
                let index = Int(entry[entry.index(after: slash)..<equals]), index >= 0,
                let number = UInt64(entry[entry.index(after: equals)...])
            else { return nil }
            numbers[Replica(service: String(entry[..<slash]), index: index)] = number
        }
    }
}

extension LogPosition: CustomStringConvertible {
    public var description: String {
        numbers.sorted { $0.key < $1.key }.map { "\($0.key.service)/\($0.key.index)=\($0.value)" }
            .joined(separator: ",")
    }
}
