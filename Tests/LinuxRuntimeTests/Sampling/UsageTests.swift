import Glibc
import Testing

@testable import LinuxRuntime

extension RealProcesses {
    @Suite struct UsageTests {
        private let harness: Harness

        init() throws {
            harness = try Harness()
        }

        private enum Kind: CaseIterable { case groups, tree }

        private func maker(_ kind: Kind) throws -> (any ContainmentMaker)? {
            let name = "usage-test-\(getpid())"
            switch kind {
            case .tree: return try ProcessTree(stack: name, loop: harness.loop)
            case .groups:
                guard let mount = ControlGroupMount.find() else { return nil }
                return try? ControlGroups(stack: name, mount: mount, loop: harness.loop)
            }
        }

        private func start(_ script: String, in containment: any Containment) throws -> WatchedProcess {
            var request = shell(script)
            containment.prepare(&request)
            let process = try harness.start(request)
            try containment.started(pid: process.pid)
            return process
        }

        private func finish(_ maker: any ContainmentMaker) throws {
            var isFinished = false
            maker.finish { isFinished = true }
            try harness.loop.run(until: "all is given back") { isFinished }
        }

        private func end(_ containment: any Containment, _ process: WatchedProcess) throws {
            try containment.killAll()
            try harness.loop.run(until: "the end") { process.status != nil }
            var isEmpty = false
            try containment.onEmpty { isEmpty = true }
            try harness.loop.run(until: "all have ended") { isEmpty }
            try containment.remove()
        }

        @Test(arguments: Kind.allCases) private func allThatAnInstanceRunsIsCounted(_ kind: Kind) throws {
            guard let maker = try maker(kind) else { return }
            let busy = try maker.make("busy")
            let idle = try maker.make("idle")
            let directory = try TemporaryDirectory()
            // A quarter of a second of one core by a child that has been reaped; it goes on as three sleepers.
            let script =
                "timeout 0.25 sh -c 'while :; do :; done'; sleep 300 & sleep 300 & : > \(directory.path)/done; "
                + "exec sleep 300"
            let process = try start(script, in: busy)
            let other = try start("exec sleep 300", in: idle)
            try harness.loop.poll(until: "it sleeps") { access("\(directory.path)/done", F_OK) == 0 }
            let usage = maker.sampleUsage(of: ["idle", "busy", "none"], .all)()
            try #require(usage.count == 3)
            let first = try #require(usage[0])
            let second = try #require(usage[1])
            #expect(first.processes == 1 && second.processes == 3)
            #expect(first.cpuTime < .milliseconds(100))
            // Less than it had time for, where others are at work.
            #expect((.milliseconds(20)...(.milliseconds(2000))).contains(second.cpuTime), "\(second.cpuTime)")
            #expect(first.memoryBytes > 0 && second.memoryBytes > 0)
            #expect((usage[2]?.processes ?? 0) == 0)
            try end(busy, process)
            try end(idle, other)
            try finish(maker)
        }

        @Test(arguments: Kind.allCases) private func memoryThatIsTouchedIsCounted(_ kind: Kind) throws {
            guard let maker = try maker(kind) else { return }
            let containment = try maker.make("big")
            let script = "x=$(head -c 30000000 /dev/zero | tr '\\0' x); sleep 300; : $x"
            let process = try start(script, in: containment)
            try harness.loop.poll(until: "it has its memory") {
                (maker.sampleUsage(of: ["big"], .all)()[0]?.memoryBytes ?? 0) > 30_000_000
            }
            #expect((maker.sampleUsage(of: ["big"], .all)()[0]?.memoryBytes ?? 0) < 300_000_000)
            try end(containment, process)
            try finish(maker)
        }

        @Test func whatIsSharedIsCountedOnce() throws {
            let files = try KernelFiles()
            let one = ResidentMemory(of: [getpid()], files).bytes
            let four = ResidentMemory(of: Array(repeating: getpid(), count: 4), files).bytes
            let pages = try ProcFile.withBytes("/proc/self/statm") { $0.word(2) }
            let shared = try #require(pages) * UInt64(getpagesize())
            #expect(shared > 0 && one > shared)
            // Four times what is its own, once what is shared; it may have grown by a few pages meanwhile.
            #expect(abs(Int(four) - Int(4 * (one - shared) + shared)) < 1 << 20)
        }

        @Test func oneThatHasEndedHasNothing() throws {
            let files = try KernelFiles()
            #expect(ResidentMemory(of: [.max], files).bytes == 0)
            #expect(MemberUsage(pids: [.max]).transferred(files) == nil)
            #expect(MemberUsage(pids: [.max]).descriptors(files) == nil)
        }

        @Test(arguments: Kind.allCases)
        private func descriptorsThreadsAndDisksAreToldWhenAskedFor(_ kind: Kind) throws {
            guard let maker = try maker(kind) else { return }
            let containment = try maker.make("many")
            let directory = try TemporaryDirectory()
            // Of the shell: 0, 1, 2, and seven more. Of the other: 0, 1 and 2, of the same limit.
            let script =
                "ulimit -n 60; exec 3</dev/null 4<&3 5<&3 6<&3 7<&3 8<&3 9<&3; "
                + "sleep 300 3<&- 4<&- 5<&- 6<&- 7<&- 8<&- 9<&- & "
                + "head -c 3000000 /dev/zero > \(directory.path)/data; sync \(directory.path)/data; "
                + ": > \(directory.path)/done; wait"
            let process = try start(script, in: containment)
            try harness.loop.poll(until: "it waits") { access("\(directory.path)/done", F_OK) == 0 }
            try harness.loop.poll(until: "two processes") { maker.sampleUsage(of: ["many"], [])()[0]?.processes == 2 }
            let usage = try #require(maker.sampleUsage(of: ["many"], .all)()[0])
            #expect(usage.threads == 2)
            #expect(usage.openDescriptors == 13)
            #expect(usage.fullestDescriptors == DescriptorFill(open: 10, limit: 60))
            // A kernel without account of disks, or a file in memory only, tells nothing or less.
            if let written = usage.writtenBytes { #expect(written == 0 || written >= 3_000_000) }

            let little = try #require(maker.sampleUsage(of: ["many"], [])()[0])
            #expect(little.processes == 2 && little.cpuTime > .zero || kind == .tree)
            #expect(little.memoryBytes == 0 && little.openDescriptors == nil && little.threads == nil)
            #expect(little.readBytes == nil && little.pressure == nil)
            try end(containment, process)
            try finish(maker)
        }

        @Test private func thePressureOfWhoWaitsForAProcessorGrows() throws {
            guard let maker = try maker(.groups), access("/proc/pressure/cpu", F_OK) == 0 else { return }
            let containment = try maker.make("pressed")
            // More than the host has processors: some of them have to wait.
            let script = "for i in $(seq $(($(nproc) * 3))); do sh -c 'while :; do :; done' & done; wait"
            let process = try start(script, in: containment)
            try harness.loop.poll(until: "they wait") {
                (maker.sampleUsage(of: ["pressed"], .pressure)()[0]?.pressure?.cpu ?? .zero) > .milliseconds(20)
            }
            try end(containment, process)
            try finish(maker)
        }

        @Test private func groupsThatAnInstanceMadeAreCountedToo() throws {
            guard let maker = try maker(.groups) else { return }
            let group = try #require(try maker.make("nested") as? ControlGroup)
            try #require(mkdir("\(group.path)/inner", 0o755) == 0)
            let script = "sleep 300 & echo $! > \(group.path)/inner/cgroup.procs; exec sleep 300"
            let process = try start(script, in: group)
            try harness.loop.poll(until: "the move") { (try? contents("\(group.path)/inner/cgroup.procs")) != "" }
            try harness.loop.poll(until: "two sleepers") {
                let usage = maker.sampleUsage(of: ["nested"], .all)()[0]
                return usage?.processes == 2 && usage?.threads == 2 && usage?.openDescriptors == 6
            }
            try end(group, process)
            try finish(maker)
        }
    }
}
