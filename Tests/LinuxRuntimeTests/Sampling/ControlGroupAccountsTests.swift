import Glibc
import Testing

@testable import LinuxRuntime

@Suite struct ControlGroupAccountsTests {
    private static let files = [
        "cgroup.procs": "", "cgroup.threads": "",
        "cpu.stat": "usage_usec 1500000\nuser_usec 1\nnr_periods 9\nnr_throttled 3\nthrottled_usec 250000\n",
        "memory.current": "1048576\n", "memory.peak": "2097152\n", "memory.max": "4194304\n",
        "memory.stat": "anon 5\nfile 600000\ninactive_anon 1\ninactive_file 48576\nactive_file 7\n",
        "memory.events": "low 0\nhigh 0\nmax 7\noom 1\noom_kill 3\noom_group_kill 1\n", "pids.current": "12\n",
        "io.stat": "8:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n253:1 rbytes=1 wbytes=2 rios=1 wios=1\n",
        "cpu.pressure": "some avg10=1.00 avg60=0.50 avg300=0.10 total=123456\nfull avg10=0.00 total=99\n",
        "memory.pressure": "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 total=0\n",
        "io.pressure": "some avg10=0.00 avg60=0.00 avg300=0.00 total=7\nfull avg10=0.00 total=5\n",
    ]

    /// Valid as long as the group is.
    private func accounts(
        _ group: FakeGroup, _ files: AccountFiles = AccountFiles(), isNew: Bool = true
    ) throws -> ControlGroupAccounts {
        let directory = try Descriptor.open(group.directory.path, flags: O_RDONLY | O_DIRECTORY)
        return ControlGroupAccounts(directory, files, isNew: isNew)
    }

    @Test func readsEveryAccount() throws {
        let group = try FakeGroup(Self.files)
        let usage = try #require(try accounts(group).usage(.all, KernelFiles()))
        #expect(usage.cpuTime == .milliseconds(1500) && usage.throttledTime == .milliseconds(250))
        #expect(usage.memoryBytes == 1 << 20 && usage.memoryPeak == 2 << 20 && usage.outOfMemoryKills == 3)
        #expect(usage.workingSetBytes == 1_000_000)
        #expect(usage.readBytes == 4097 && usage.writtenBytes == 8194)
        #expect(usage.threads == 12 && usage.processes == 0)
        #expect(
            usage.pressure
                == PressureTotals(cpu: .microseconds(123_456), memory: .zero, io: .microseconds(7)))
    }

    @Test func tellsNothingOfWhatTheHostHasNoAccount() throws {
        let group = try FakeGroup(Self.files.filter { $0.key.hasPrefix("c") && $0.key != "cpu.pressure" })
        let usage = try #require(try accounts(group).usage(.all, KernelFiles()))
        var expected = Usage(cpuTime: .milliseconds(1500))
        expected.throttledTime = .milliseconds(250)
        expected.threads = 0
        expected.workingSetBytes = 0
        #expect(usage == expected)
        #expect(try accounts(group).outOfMemoryKills() == nil)
    }

    @Test func whatWasNotThereIsNotLookedForAgainUnlessTheGroupHadGone() throws {
        let group = try FakeGroup(Self.files.filter { $0.key != "memory.current" })
        let files = AccountFiles()
        _ = try accounts(group, files).usage(.all, KernelFiles())
        #expect(AccountFile.allCases.filter(files.lack) == [.memoryCurrent])

        let empty = try FakeGroup([:])
        let others = AccountFiles()
        #expect(try accounts(empty, others).usage(.all, KernelFiles()) == nil)
        #expect(!AccountFile.allCases.contains(where: others.lack))
    }

    @Test func filesStayOpenOnlyWhileTheyAreReadOften() throws {
        let group = try FakeGroup(Self.files)
        let accounts = try accounts(group)
        let files = try KernelFiles()
        let start = MonotonicTime.now
        /// What is read after another file has taken the place of memory.current.
        func charged(_ bytes: Int, at seconds: Int) throws -> UInt64? {
            unlink("\(group.directory.path)/memory.current")
            try group.directory.write("memory.current", "\(bytes)\n")
            return accounts.usage(.all, files, at: start + .seconds(seconds))?.memoryBytes
        }
        #expect(try charged(1000, at: 0) == 1000)
        // The second of two reads that come soon leaves them open: the third has the file that is not there any more.
        #expect(try charged(2000, at: 1) == 2000)
        #expect(try charged(3000, at: 2) == 2000)
        #expect(accounts.usage(.all, files, at: start + .seconds(3)) == accounts.usage(.all, files, at: start))
        #expect(try charged(4000, at: 60) == 4000)
        #expect(try charged(5000, at: 120) == 5000)
    }

    @Test func noMoreFilesStayOpenThanThereIsRoomFor() {
        let files = AccountFiles(mostOpen: 2)
        #expect(files.takePlace() && files.takePlace() && !files.takePlace())
        files.givePlaceBack()
        #expect(files.takePlace() && !files.takePlace())
    }

    @Test func killsForWantOfMemoryCountFromTheTimeItWasTakenOver() throws {
        let group = try FakeGroup(Self.files)
        #expect(
            try accounts(group).outOfMemoryKills() == OutOfMemoryKills(count: 3, peak: 2 << 20, limit: 4 << 20))
        let taken = try accounts(group, isNew: false)
        #expect(taken.outOfMemoryKills()?.count == 0)
        try group.directory.write("memory.events", "low 0\noom 2\noom_kill 5\n")
        try group.directory.write("memory.max", "max\n")
        #expect(taken.outOfMemoryKills() == OutOfMemoryKills(count: 2, peak: 2 << 20, limit: nil))
        #expect(try taken.usage(.memoryEvents, KernelFiles())?.outOfMemoryKills == 2)
    }
}

@Suite struct KernelFilesTests {
    @Test func findsNumbersBehindWholeWords() {
        let text = Array("foo_usage 1\nusage 23\nrbytes=4 usage=5\n8:0 rbytes=6\nlast 7".utf8).span
        #expect(text.number(after: "usage ") == 23)
        #expect(text.number(after: "usage=") == 5)
        #expect(text.sum(after: "rbytes=") == 10)
        #expect(text.number(after: "last ") == 7)
        #expect(text.number(after: "first ") == nil && text.sum(after: "first ") == nil)
        #expect(Array("1 22 333".utf8).span.word(2) == 333)
        #expect(Array("1 22".utf8).span.word(2) == nil)
        #expect(Array("max\n".utf8).span.number(at: 0) == nil)
    }

    @Test func readsListsOfAnyLength() throws {
        let directory = try TemporaryDirectory()
        let all = Array(Int32(1)...20_000)
        try directory.write("long", all.map { "\($0)\n" }.joined())
        try directory.write("short", "12\n7")
        let handle = try Descriptor.open(directory.path, flags: O_RDONLY | O_DIRECTORY)
        let files = try KernelFiles()
        #expect(files.numbers(in: "long", of: handle.number) == all)
        #expect(files.numbers(in: "short", of: handle.number) == [12, 7])
        #expect(files.numbers(in: "none", of: handle.number) == nil)
    }
}
