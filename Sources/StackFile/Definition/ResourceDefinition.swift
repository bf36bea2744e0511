import StackModel

/// What one part of the file says of a service's resources.
struct ResourceDraft: Sendable {
    /// A value with the name that the file uses for it.
    struct Given<Value: Hashable & Sendable>: Sendable {
        var name: String
        /// Nil is without limit, said expressly, as Compose's 0 and -1 are.
        var value: Value?
        var location: SourceLocation
    }

    var cpus: Given<Millicores>?
    /// In microseconds.
    var cpuPeriod: Given<Int>?
    var cpuWeight: Given<Int>?
    var cpuReservation: Given<Millicores>?
    var cpuSet: Given<String>?
    var memory: Given<ByteCount>?
    var memoryHigh: Given<ByteCount>?
    var memoryReservation: Given<ByteCount>?
    var swap: Given<ByteCount>?
    var pids: Given<Int>?
    var ioWeight: Given<Int>?

    /// Compose's `cpu_quota`: `cpus` in microseconds of each period.
    var cpuQuota: Given<Int>?
    /// Compose's `memswap_limit`: `memory` and `swap` together.
    var memoryAndSwap: Given<ByteCount>?
}

extension Definition where Value == ResourceDraft {
    static let resources: Definition = mapping("`resources`", ResourceDraft.init, fields: ResourceDraft.fields)
}

extension ResourceDraft {
    static let fields: [Field<ResourceDraft>] = [
        .own(
            "cpus", \.cpus, .processors, default: "no limit", "The processor time that an instance may use (cpu.max)."),
        .own(
            "memory", \.memory, .memoryLimit, default: "no limit",
            "The memory that it may have; one that needs more is killed, which counts as a crash (memory.max)."),
        .own(
            "pids", \.pids, .processes, default: "no limit", "The processes and threads that it may have (pids.max)."),
        .own(
            "memory_high", \.memoryHigh, .memoryLimit, default: "no limit",
            "From here on it is slowed down, and memory is taken back from it (memory.high)."),
        .own(
            "memory_reservation", \.memoryReservation, .memoryLimit,
            "The memory that is left to it where memory is scarce (memory.low), and of which `memory: 80%` of "
                + "`autoscale` is a share."),
        .own(
            "cpu_reservation", \.cpuReservation, .processors, default: "`cpus`, or one processor",
            "The processor time of which `cpu: 70%` of `autoscale` is a share."),
        .own(
            "swap", \.swap, .size(atLeast: 0), default: "no limit",
            "The swap that it may use beside its memory (memory.swap.max)."),
        .own("cpu_weight", \.cpuWeight, .weight, default: "100", "Its share where processors are scarce (cpu.weight)."),
        .own("io_weight", \.ioWeight, .weight, default: "100", "Its share where disks are busy (io.weight)."),
        .own(
            "cpuset", \.cpuSet, .processorList, default: "all", "The processors that it may run on (cpuset.cpus)."),
        .own(
            "cpu_period", \.cpuPeriod, .period, default: "100ms",
            "The time within which the kernel counts what `cpus` allows."),
    ]
}

extension Field where Root == ResourceDraft {
    fileprivate static func own<Value: Hashable>(
        _ name: String, _ path: any WritableKeyPath<ResourceDraft, ResourceDraft.Given<Value>?> & Sendable,
        _ definition: Definition<Value>, default standard: String? = nil, _ documentation: String
    ) -> Field {
        .resource(
            name, of: "resources", in: \.self, path, definition.map { $0 }, default: standard, documentation)
    }
}

extension Field {
    /// A key that gives a resource.
    ///
    /// - Parameters:
    ///   - parent: the keys above it, as messages name them.
    ///   - draft: where the resources are in what the key is of.
    static func resource<Value: Hashable>(
        _ name: String, of parent: String? = nil, in draft: any WritableKeyPath<Root, ResourceDraft> & Sendable,
        _ path: any WritableKeyPath<ResourceDraft, ResourceDraft.Given<Value>?> & Sendable,
        _ definition: Definition<Value?>, default standard: String? = nil, _ documentation: String
    ) -> Field {
        Field(name, definition, default: standard, documentation) { root, value, entry, _ in
            root[keyPath: draft][keyPath: path] = ResourceDraft.Given(
                name: parent.map { "\($0).\(name)" } ?? name, value: value, location: entry.value.location)
        }
    }
}

// MARK: - Values

extension Millicores {
    /// More than any host has.
    static let most = Millicores(1_024_000)
}

extension Definition where Value == Millicores {
    static let processors: Definition = Definition<Int>.thousandths(
        1...Millicores.most.thousandths, "a number of processors above 0, such as `0.5`"
    ).map { Millicores($0) }
}

extension ByteCount {
    /// Less is a unit forgotten: nothing starts with so little.
    static let leastMemory = ByteCount(1 << 20)
}

extension Definition where Value == ByteCount {
    static let memoryLimit = size(atLeast: ByteCount.leastMemory.bytes)
}

extension Definition where Value == Int {
    fileprivate static let processes: Definition = integer(1...4_194_304)
    fileprivate static let weight: Definition = integer(1...10_000)

    /// Microseconds of the scheduler, written as a duration or, as in Compose, as their number.
    static func microseconds(_ range: ClosedRange<Int>, _ form: String) -> Definition {
        scalar(form, schema: ["type": ["string", "integer"]]) { text, _ in
            let number = Int(text) ?? Duration(text: text).map { Int($0.wholeNanoseconds / 1000) }
            return number.flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// What the kernel takes as a period.
    static let period: Definition = microseconds(1000...1_000_000, "a duration from `1ms` to `1s`")
}

extension Definition where Value == String {
    /// The kernel's lists (cpuset(7), "List format"), without its strides.
    static let processorList: Definition = scalar(
        "a list of processors, such as `0-3,8`",
        schema: ["type": ["string", "integer"], "pattern": "^[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*$"]
    ) { text, _ in
        let isSound = text.split(separator: ",", omittingEmptySubsequences: false).allSatisfy { part in
            let ends = part.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).map { end in
                end.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(end) : nil
            }
            guard let first = ends[0], let last = ends[ends.count - 1] else { return false }
            return first <= last && last < 8192
        }
        return isSound ? text : nil
    }
}
