import Glibc
import Testing

@testable import LinuxRuntime

/// A directory of ordinary files in the place of a cgroup.
final class FakeGroup {
    let directory: TemporaryDirectory
    let handle: Descriptor

    /// A cgroup that has these files, and no controllers but those.
    init(_ files: [String: String], controllers: String = "cpuset cpu io memory pids") throws {
        directory = try TemporaryDirectory()
        handle = try Descriptor.open(directory.path, flags: O_RDONLY | O_DIRECTORY)
        for (name, text) in files { try directory.write(name, text) }
        try directory.write("cgroup.controllers", controllers)
        try directory.write("cgroup.subtree_control", controllers)
    }

    static let newGroup = [
        "cpu.max": "max 100000\n", "cpu.weight": "100\n", "cpuset.cpus": "\n", "memory.max": "max\n",
        "memory.high": "max\n", "memory.low": "0\n", "memory.swap.max": "max\n", "memory.oom.group": "0\n",
        "pids.max": "max\n", "io.weight": "default 100\n",
    ]

    /// What its files say, but for those that say what they say in a new cgroup.
    func changes() throws -> [String: String] {
        var changes: [String: String] = [:]
        for (name, text) in Self.newGroup {
            guard let now = try? contents("\(directory.path)/\(name)"), now != text else { continue }
            changes[name] = now
        }
        return changes
    }
}

@Suite struct LimitFilesTests {
    private var everything: ControlGroupLimits {
        var limits = ControlGroupLimits()
        limits.cpuQuota = 1500
        limits.cpuWeight = 300
        limits.cpuset = "0-1"
        limits.memoryMax = 512 << 20
        limits.memoryHigh = 400 << 20
        limits.memoryLow = 100 << 20
        limits.swapMax = 0
        limits.pidsMax = 64
        limits.ioWeight = 50
        return limits
    }

    @Test func writesWhatIsLimitedAndTakesItBack() throws {
        let group = try FakeGroup(FakeGroup.newGroup)
        var files = LimitFiles(present: ControlGroupLimits())
        #expect(files.write(everything, in: group.handle.number).isEmpty)
        #expect(
            try group.changes() == [
                "cpu.max": "150000 100000\n", "cpu.weight": "300\n", "cpuset.cpus": "0-1\n",
                "memory.max": "536870912\n", "memory.high": "419430400\n", "memory.low": "104857600\n",
                "memory.swap.max": "0\n", "memory.oom.group": "1\n", "pids.max": "64\n", "io.weight": "default 50\n",
            ])
        var fewer = ControlGroupLimits()
        fewer.pidsMax = 8
        #expect(files.write(fewer, in: group.handle.number).isEmpty)
        #expect(try group.changes() == ["pids.max": "8\n"])
        #expect(files.write(ControlGroupLimits(), in: group.handle.number).isEmpty)
        #expect(try group.changes() == [:])
    }

    @Test func touchesNothingThatStaysAsItIs() throws {
        let group = try FakeGroup(FakeGroup.newGroup)
        var files = LimitFiles(present: ControlGroupLimits())
        var limits = ControlGroupLimits()
        limits.cpuWeight = 200
        _ = files.write(limits, in: group.handle.number)
        // As if somebody else had written it.
        try group.directory.write("cpu.weight", "7\n")
        try group.directory.write("memory.max", "1\n")
        limits.pidsMax = 5
        _ = files.write(limits, in: group.handle.number)
        #expect(try group.changes() == ["cpu.weight": "7\n", "memory.max": "1\n", "pids.max": "5\n"])
    }

    @Test func setsBackAllThatAnEarlierDaemonMayHaveWritten() throws {
        var left = FakeGroup.newGroup
        left["memory.max"] = "4096\n"
        left["cpuset.cpus"] = "1\n"
        let group = try FakeGroup(left)
        var files = LimitFiles(present: nil)
        #expect(files.write(ControlGroupLimits(), in: group.handle.number).isEmpty)
        #expect(try group.changes() == [:])
    }

    @Test func saysWhichLimitsDoNotHoldAndWhy() throws {
        let some = FakeGroup.newGroup.filter { $0.key.hasPrefix("cpu.") || $0.key == "memory.max" }
        let group = try FakeGroup(some, controllers: "cpu memory")
        var files = LimitFiles(present: ControlGroupLimits())
        let expected = [
            UnenforcedLimit(.cpuset, because: "no cpuset controller"),
            UnenforcedLimit(.memoryReservation, because: "the kernel has no memory.low"),
            UnenforcedLimit(.memoryHigh, because: "the kernel has no memory.high"),
            UnenforcedLimit(.swap, because: "the kernel has no memory.swap.max"),
            UnenforcedLimit(.pids, because: "no pids controller"),
            UnenforcedLimit(.ioWeight, because: "no io controller"),
        ]
        #expect(files.write(everything, in: group.handle.number) == expected)
        // Once more, as it still is so.
        #expect(files.write(everything, in: group.handle.number) == expected)
        #expect(LimitFiles.unenforceable(inChildrenOf: group.handle.number) == expected)
        #expect(files.write(ControlGroupLimits(), in: group.handle.number).isEmpty)
    }

    @Test func aLimitThatTheKernelRefusesIsTriedAgain() throws {
        var rest = FakeGroup.newGroup
        rest["pids.max"] = nil
        let group = try FakeGroup(rest)
        // No file that could be written.
        try #require(mkdir("\(group.directory.path)/pids.max", 0o755) == 0)
        var files = LimitFiles(present: ControlGroupLimits())
        var limits = ControlGroupLimits()
        limits.pidsMax = 5
        #expect(
            files.write(limits, in: group.handle.number) == [
                UnenforcedLimit(.pids, because: "the kernel refuses 5 for pids.max: Is a directory")
            ])
        try #require(rmdir("\(group.directory.path)/pids.max") == 0)
        try group.directory.write("pids.max", "max\n")
        #expect(files.write(limits, in: group.handle.number).isEmpty)
        #expect(try group.changes() == ["pids.max": "5\n"])
    }

    @Test func weightsOfDisksAreWrittenForEitherScheduler() throws {
        var files = FakeGroup.newGroup
        files["io.weight"] = nil
        files["io.bfq.weight"] = "default 100\n"
        let group = try FakeGroup(files)
        #expect(LimitFiles.unenforceable(inChildrenOf: group.handle.number).isEmpty)
        var limits = ControlGroupLimits()
        var written = LimitFiles(present: limits)
        for (weight, converted) in [(1, 1), (100, 100), (1090, 190), (10_000, 1000)] {
            limits.ioWeight = weight
            #expect(written.write(limits, in: group.handle.number).isEmpty)
            #expect(try contents("\(group.directory.path)/io.bfq.weight") == "default \(converted)\n")
        }
    }

    @Test(arguments: [("0-3,8\n", "0-1\n", true), ("8-9\n", "0-7\n", false), ("\n", "0-7\n", true)])
    func processorsThatNobodyHasAreNoLimit(_ wanted: String, _ given: String, _ holds: Bool) throws {
        var files = FakeGroup.newGroup
        files["cpuset.cpus.effective"] = given
        let group = try FakeGroup(files)
        var limits = ControlGroupLimits()
        limits.cpuset = String(wanted.dropLast())
        var written = LimitFiles(present: ControlGroupLimits())
        let unenforced = written.write(limits, in: group.handle.number)
        #expect(unenforced == (holds ? [] : [UnenforcedLimit(.cpuset, because: "none of these processors can be had")]))
    }
}

@Suite struct ControlGroupLimitsTests {
    /// The kernel counts at least 1 ms in at most 1 s.
    @Test(
        arguments: [
            (1000, 100_000, "100000 100000"), (250, 100_000, "25000 100000"), (10, 100_000, "1000 100000"),
            (5, 100_000, "1000 200000"), (1, 100_000, "1000 1000000"), (3, 1_000, "1000 333334"),
            (64_000, 50_000, "3200000 50000"), (500, 20_000_000, "500000 1000000"), (0, 100_000, "1000 1000000"),
            (.max, 100_000, "100000000000 100000"),
        ])
    func aQuotaIsMicrosecondsOfAPeriod(_ quota: Int, _ period: Int, _ text: String) {
        var limits = ControlGroupLimits()
        limits.cpuQuota = quota
        limits.cpuPeriod = period
        #expect(limits.settings(of: .cpus) == [ControlGroupLimits.Setting(file: "cpu.max", text: text)])
    }

    @Test func theKeysAreThoseOfTheStackFile() {
        #expect(
            Set(LimitedResource.allCases.map(\.rawValue)) == [
                "cpus", "cpu_weight", "cpuset", "memory", "memory_high", "memory_reservation", "swap", "pids",
                "io_weight",
            ])
    }
}
