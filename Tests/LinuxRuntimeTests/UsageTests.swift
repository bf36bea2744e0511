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
            let usage = maker.sampleUsage(of: ["idle", "busy", "none"])()
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
                (maker.sampleUsage(of: ["big"])()[0]?.memoryBytes ?? 0) > 30_000_000
            }
            #expect((maker.sampleUsage(of: ["big"])()[0]?.memoryBytes ?? 0) < 300_000_000)
            try end(containment, process)
            try finish(maker)
        }

        @Test func whatIsSharedIsCountedOnce() throws {
            let one = ResidentMemory(of: [getpid()]).bytes
            let four = ResidentMemory(of: Array(repeating: getpid(), count: 4)).bytes
            let shared = try ProcFile.numbers(in: "/proc/self/statm")[2] * UInt64(getpagesize())
            #expect(shared > 0 && one > shared)
            // Four times what is its own, once what is shared; it may have grown by a few pages meanwhile.
            #expect(abs(Int(four) - Int(4 * (one - shared) + shared)) < 1 << 20)
        }

        @Test func oneThatHasEndedHasNoMemory() {
            #expect(ResidentMemory(of: [.max]).bytes == 0)
        }
    }
}
