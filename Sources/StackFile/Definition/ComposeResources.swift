import Glibc
import StackModel

/// Compose's names for resources. What they mean in a cgroup of version 2 is what runc and Docker make of them.
extension ServiceDraft {
    static let composeResourceFields: [Field<ServiceDraft>] = [
        .compose("cpus", \.cpus, .processorsOrNone, "Compose's name of `resources.cpus`; 0 is without limit."),
        .compose(
            "cpu_quota", \.cpuQuota, .quota,
            "Compose's form of `resources.cpus`: the microseconds of each `cpu_period`; -1 is without limit."),
        .compose(
            "cpu_period", \.cpuPeriod, Definition<Int>.period.map { $0 }, "Compose's name of `resources.cpu_period`."),
        .compose("cpu_shares", \.cpuWeight, .shares, "Compose's form of `resources.cpu_weight`, of which 1024 is 100."),
        .compose(
            "cpuset", \.cpuSet, Definition<String>.processorList.map { $0 }, "Compose's name of `resources.cpuset`."),
        .compose("mem_limit", \.memory, .memoryOrNone, "Compose's name of `resources.memory`; 0 is without limit."),
        .compose(
            "mem_reservation", \.memoryReservation, .memoryOrNone, "Compose's name of `resources.memory_reservation`."),
        .compose(
            "memswap_limit", \.memoryAndSwap, .memoryAndSwap,
            "Compose's form of `resources.swap`: `mem_limit` and swap together; -1 is without limit."),
        .compose("pids_limit", \.pids, .processesOrNone, "Compose's name of `resources.pids`; -1 is without limit."),
        Field("blkio_config", .blockIO, "Compose's form of `resources.io_weight`.") { draft, value, _, _ in
            draft.composeResources.ioWeight = value.ioWeight
        },
    ]
}

extension Field where Root == ServiceDraft {
    fileprivate static func compose<Value: Hashable>(
        _ name: String, _ path: any WritableKeyPath<ResourceDraft, ResourceDraft.Given<Value>?> & Sendable,
        _ definition: Definition<Value?>, _ documentation: String
    ) -> Field {
        .resource(name, in: \.composeResources, path, definition, documentation)
    }
}

/// Compose's `deploy.resources`.
struct DeployResourcesDraft: Sendable {
    fileprivate var limits: Located<ResourceDraft>?
    fileprivate var reservations: Located<ResourceDraft>?

    var all: [ResourceDraft] { [limits, reservations].compactMap { $0?.value } }
}

extension Definition where Value == DeployResourcesDraft {
    static let deployResources: Definition = mapping(
        "`resources` of `deploy`", DeployResourcesDraft.init,
        fields: [
            Field("limits", \.limits, .limits, "What each instance may use."),
            Field("reservations", \.reservations, .reservations, "What is kept for each."),
        ])
}

extension Definition where Value == ResourceDraft {
    private static let devices = RefusedKey(
        "devices", "hands devices to a container", "the program sees the host's: leave it out")
    private static let generic = RefusedKey(
        "generic_resources", "is for clusters", "stackd runs one host: leave it out")

    fileprivate static let limits: Definition = mapping(
        "`limits`", ResourceDraft.init,
        fields: [
            limit("cpus", \.cpus, .processorsOrNone, "Compose's name of `resources.cpus`."),
            limit("memory", \.memory, .memoryOrNone, "Compose's name of `resources.memory`."),
            limit("pids", \.pids, .processesOrNone, "Compose's name of `resources.pids`."),
        ])

    fileprivate static let reservations: Definition = mapping(
        "`reservations`", ResourceDraft.init, refused: [devices, generic],
        fields: [
            reservation(
                "cpus", \.cpuReservation, .processorsOrNone, "Compose's name of `resources.cpu_reservation`."),
            reservation(
                "memory", \.memoryReservation, .memoryOrNone, "Compose's name of `resources.memory_reservation`."),
        ])

    private static func limit<Quantity: Hashable>(
        _ name: String, _ path: any WritableKeyPath<ResourceDraft, ResourceDraft.Given<Quantity>?> & Sendable,
        _ definition: Definition<Quantity?>, _ documentation: String
    ) -> Field<ResourceDraft> {
        .resource(name, of: "deploy.resources.limits", in: \.self, path, definition, documentation)
    }

    private static func reservation<Quantity: Hashable>(
        _ name: String, _ path: any WritableKeyPath<ResourceDraft, ResourceDraft.Given<Quantity>?> & Sendable,
        _ definition: Definition<Quantity?>, _ documentation: String
    ) -> Field<ResourceDraft> {
        .resource(name, of: "deploy.resources.reservations", in: \.self, path, definition, documentation)
    }

    fileprivate static let blockIO: Definition = mapping(
        "`blkio_config`", ResourceDraft.init,
        refused: [
            "weight_device", "device_read_bps", "device_read_iops", "device_write_bps", "device_write_iops",
        ].map { RefusedKey($0, "is about single disks", "use `weight`, which is for all of them") },
        fields: [
            .resource(
                "weight", of: "blkio_config", in: \.self, \.ioWeight, .blockIOWeight,
                "Compose's weight of disks, from 10 to 1000.")
        ])
}

// MARK: - Values that may say that there is no limit

extension Definition where Value == Millicores? {
    fileprivate static let processorsOrNone: Definition = Definition<Int>.thousandths(
        0...Millicores.most.thousandths, "a number of processors, such as `0.5`"
    ).map { $0 == 0 ? nil : Millicores($0) }
}

extension Definition where Value == ByteCount? {
    fileprivate static let memoryOrNone: Definition = scalar(
        Definition<ByteCount>.memoryLimit.form, schema: Definition<ByteCount>.memoryLimit.schema
    ) { text, _ in
        guard let size = ByteCount(text: text) else { return nil }
        if size.bytes == 0 { return .some(nil) }
        return size >= .leastMemory ? .some(size) : nil
    }

    fileprivate static let memoryAndSwap: Definition = scalar(
        "a size such as `1G`, or -1", schema: ["type": ["string", "integer"]]
    ) { text, _ in
        text == "-1" ? .some(nil) : ByteCount(text: text).map { .some($0) }
    }
}

extension Definition where Value == Int? {
    fileprivate static let processesOrNone: Definition = Definition<Int>.integer(
        -1...4_194_304, "a number of processes, or -1"
    ).map { $0 > 0 ? $0 : nil }

    fileprivate static let quota: Definition = Definition<Int>.microseconds(
        -1...1_024_000_000, "a number of microseconds, or -1"
    ).map { $0 > 0 ? $0 : nil }

    fileprivate static let shares: Definition = Definition<Int>.integer(0...262_144).map { shares in
        shares == 0 ? nil : weight(ofShares: shares)
    }

    /// From 2...262144, of which 1024 is usual, to 1...10000, of which 100 is: as runc does since version 1.3.2
    /// (github.com/opencontainers/cgroups, pull request 20).
    private static func weight(ofShares shares: Int) -> Int {
        let power = log2(Double(max(shares, 2)))
        return min(Int(pow(10, (power * power + 125 * power) / 612 - 7.0 / 34).rounded(.up)), 10_000)
    }

    /// From 10...1000 to 1...10000, as runc does.
    fileprivate static let blockIOWeight: Definition = scalar(
        "a whole number from 10 to 1000", schema: ["type": ["string", "integer"], "pattern": "^[0-9]+$"]
    ) { text, _ in
        switch Int(text) {
        case 0?: .some(nil)
        case let weight? where (10...1000).contains(weight): .some(1 + (weight - 10) * 9999 / 990)
        case nil, _?: nil
        }
    }
}
