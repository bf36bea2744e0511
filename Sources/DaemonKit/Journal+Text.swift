import StackModel
import SupervisorCore

/// One line of the journal, and what the lines of a whole journal add up to.
enum JournalLine: Hashable {
    /// The format's version, and the boot that the lines after it belong to.
    case header(version: Int, boot: String)
    /// The serial number of the next instance is at least this.
    case next(UInt64)
    case desired(ServiceName, DesiredState)
    /// Nil: as many replicas as the file says.
    case scaled(ServiceName, Scale?)
    /// Nothing that was said of the service counts any more.
    case removed(ServiceName)
    case creating(InstanceID, ReplicaID, Revision)
    /// `startTime`: field 22 of /proc/PID/stat, which with the pid and the boot names the process for good.
    case started(InstanceID, pid: Int32, startTime: UInt64)
    case ended(InstanceID)

    static let version = 1
    /// ASCII's CAN at the end of a line: half of one, which could pass for a whole one otherwise ("ended 12" of 123).
    static let cancellation: Character = "\u{18}"

    var text: String {
        switch self {
        case .header(let version, let boot): "stackd-journal \(version) \(boot)\n"
        case .next(let serial): "next \(serial)\n"
        case .desired(let name, let state): "desired \(name) \(state.rawValue)\n"
        case .scaled(let name, let scale): "scaled \(name) \(scale.map(\.journalText) ?? Self.noNumber)\n"
        case .removed(let name): "removed \(name)\n"
        case .creating(let id, let replica, let revision): "creating \(id.serial) \(replica) \(revision)\n"
        case .started(let id, let pid, let startTime): "started \(id.serial) \(pid) \(startTime)\n"
        case .ended(let id): "ended \(id.serial)\n"
        }
    }

    /// Nil where the text, without its newline, is no such line.
    init?(_ text: some StringProtocol) {
        guard text.last != Self.cancellation else { return nil }
        let words: [String] = text.split(separator: " ", omittingEmptySubsequences: false).map { String($0) }
        switch (words.first, words.count) {
        case ("stackd-journal", 3):
            guard let version = Int(words[1]) else { return nil }
            self = .header(version: version, boot: words[2])
        case ("next", 2):
            guard let serial = UInt64(words[1]), serial <= Self.serialLimit else { return nil }
            self = .next(serial)
        case ("desired", 3):
            guard let name = ServiceName(words[1]), let state = DesiredState(rawValue: words[2]) else { return nil }
            self = .desired(name, state)
        case ("scaled", 3...4):
            guard let name = ServiceName(words[1]) else { return nil }
            let scale = Scale(journalWords: words[2...])
            guard scale != nil || words[2...] == [Self.noNumber] else { return nil }
            self = .scaled(name, scale)
        case ("removed", 2):
            guard let name = ServiceName(words[1]) else { return nil }
            self = .removed(name)
        case ("creating", 4):
            guard let serial = Self.serial(words[1]), let replica = ReplicaID(text: words[2]) else { return nil }
            self = .creating(InstanceID(serial: serial), replica, Revision(words[3]))
        case ("started", 4):
            guard let serial = Self.serial(words[1]), let pid = Int32(words[2]), let time = UInt64(words[3])
            else { return nil }
            self = .started(InstanceID(serial: serial), pid: pid, startTime: time)
        case ("ended", 2):
            guard let serial = Self.serial(words[1]) else { return nil }
            self = .ended(InstanceID(serial: serial))
        default:
            return nil
        }
    }

    private static let noNumber = "-"
    /// None as great was ever given out: to count on from it could only end in an overflow.
    private static let serialLimit = UInt64(1) << 63

    private static func serial(_ text: String) -> UInt64? {
        UInt64(text).flatMap { $0 < serialLimit ? $0 : nil }
    }
}

/// What a journal says, once all of it is read.
struct JournalContents {
    var desired: [ServiceName: DesiredState] = [:]
    /// How many replicas somebody or the autoscaler wanted.
    var scales: [ServiceName: Scale] = [:]
    var nextInstance: UInt64 = 1
    /// How many instances had not ended.
    private(set) var unended: Set<InstanceID> = []
    /// Lines that could not be read, the torn one at the end included.
    private(set) var damagedLines = 0

    init() {}

    /// Reads what is whole: a line without its newline was being written when the daemon or the host ended.
    /// Nil where the journal is of another version, which must not be misread.
    init?(parsing text: String) {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        if let torn = lines.popLast(), !torn.isEmpty { damagedLines += 1 }
        for line in lines {
            guard let line = JournalLine(line) else {
                damagedLines += 1
                continue
            }
            if case .header(let version, _) = line, version != JournalLine.version { return nil }
            take(line)
        }
    }

    private mutating func take(_ line: JournalLine) {
        switch line {
        case .header:
            break
        case .next(let serial):
            nextInstance = max(nextInstance, serial)
        case .desired(let name, let state):
            desired[name] = state
        case .scaled(let name, let scale):
            scales[name] = scale
        case .removed(let name):
            forget(name)
        case .creating(let id, _, _):
            nextInstance = max(nextInstance, id.serial + 1)
            unended.insert(id)
        case .started:
            break
        case .ended(let id):
            unended.remove(id)
        }
    }

    mutating func forget(_ name: ServiceName) {
        desired[name] = nil
        scales[name] = nil
    }

    /// The same in as few lines as possible; of instances only that their numbers are used.
    func compacted(boot: String) -> [JournalLine] {
        [.header(version: JournalLine.version, boot: boot), .next(nextInstance)]
            + desired.sorted { $0.key < $1.key }.map { .desired($0.key, $0.value) }
            + scales.sorted { $0.key < $1.key }.map { .scaled($0.key, $0.value) }
    }
}

extension Scale {
    /// `4` or `4 autoscaler`.
    fileprivate var journalText: String {
        switch rule {
        case .manual: String(replicas)
        case .autoscaler: "\(replicas) \(rule.rawValue)"
        }
    }

    /// Nil where the words are not such a text's.
    fileprivate init?(journalWords words: ArraySlice<String>) {
        guard let number = words.first.flatMap({ Int($0) }), number >= 0 else { return nil }
        guard words.count > 1 else {
            self.init(number, by: .manual)
            return
        }
        guard words.last == Rule.autoscaler.rawValue else { return nil }
        self.init(number, by: .autoscaler)
    }
}

extension ReplicaID {
    /// Nil where the text is not like `backend/0`.
    init?(text: String) {
        guard let slash = text.lastIndex(of: "/"), let service = ServiceName(text[..<slash]),
            let index = Int(text[text.index(after: slash)...])
        else { return nil }
        self.init(service: service, index: index)
    }
}
