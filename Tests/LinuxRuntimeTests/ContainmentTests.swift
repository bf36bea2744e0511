import CLinux
import Glibc
import Testing

@testable import LinuxRuntime

/// Which containment a test is run with.
enum Containing: String, CaseIterable, Sendable {
    case controlGroups
    case processTree

    func maker(stack: String, loop: EventLoop) throws -> any ContainmentMaker {
        switch self {
        case .controlGroups:
            let mount = try #require(ControlGroupMount.find())
            return try ControlGroups(stack: stack, mount: mount, loop: loop)
        case .processTree:
            return try ProcessTree(stack: stack, loop: loop)
        }
    }

    /// Every kind that this host lets the tests use; the cgroup's is skipped visibly, by its own test below.
    static var usable: [Containing] { canMakeGroups ? allCases : [.processTree] }

    static var canMakeGroups: Bool {
        guard let mount = ControlGroupMount.find() else { return false }
        return access(mount.ownDirectory, W_OK) == 0 && access("\(mount.ownDirectory)/cgroup.procs", W_OK) == 0
    }
}

extension RealProcesses {
    @Suite struct ContainmentTests {
        let harness: Harness
        let directory: TemporaryDirectory
        let stack = "test-\(getpid())-\(UInt32.random(in: .min ... .max))"

        init() throws {
            harness = try Harness()
            directory = try TemporaryDirectory()
        }

        private func start(_ script: String, in containment: any Containment) throws -> WatchedProcess {
            var request = shell(script)
            containment.prepare(&request)
            let process = try harness.start(request)
            try containment.started(pid: process.pid)
            return process
        }

        /// Waits until a file holds a whole number, and returns it.
        private func pid(in file: String) throws -> Int32 {
            var found: Int32?
            try harness.loop.poll(until: "a pid in \(file)") {
                found = (try? contents("\(directory.path)/\(file)")).flatMap { text in
                    text.hasSuffix("\n") ? Int32(text.dropLast()) : nil
                }
                return found != nil
            }
            return try #require(found)
        }

        private func runs(_ identity: ProcessIdentity) -> Bool {
            guard let status = try? ProcessStatus.of(pid: identity.pid) else { return false }
            return status.startTime == identity.startTime && !status.isZombie
        }

        private func waitUntilEmpty(_ containment: any Containment) throws {
            var isEmpty = false
            try containment.onEmpty { isEmpty = true }
            #expect(!isEmpty, "never from within the call")
            try harness.loop.run(until: "\(containment.id) is empty") { isEmpty }
        }

        /// Removes everything; with cgroups, none may be left behind.
        private func finish(_ maker: any ContainmentMaker, _ containments: [any Containment]) throws {
            for containment in containments { try containment.remove() }
            var isFinished = false
            harness.loop.schedule(after: .zero) { maker.finish { isFinished = true } }
            try harness.loop.run(until: "the end of the stack") { isFinished }
            if let groups = maker as? ControlGroups { #expect(access(groups.directory, F_OK) != 0) }
        }

        /// A daemon in a session of its own, away from its parents: what the main process leaves behind.
        private func daemon(_ command: String, pidFile: String) -> String {
            "setsid sh -c '(\(command)) & echo $! > \(directory.path)/\(pidFile)'"
        }

        @Test(.enabled(if: Containing.canMakeGroups, "no cgroup v2 directory may be written here"))
        func thisHostHasControlGroups() throws {
            let maker = try Containing.controlGroups.maker(stack: stack, loop: harness.loop)
            let containment = try maker.make("one")
            #expect(throws: SystemError.self) { try maker.make("one") }
            try finish(maker, [containment])
        }

        @Test(arguments: Containing.usable)
        func isEmptyWhenItsOnlyProcessHasEnded(_ kind: Containing) throws {
            let maker = try kind.maker(stack: stack, loop: harness.loop)
            let containment = try maker.make("backend.0.1")
            let process = try start("read line", in: containment)
            // Its input is /dev/null, so it ends at once.
            try waitUntilEmpty(containment)
            try harness.loop.run(until: "the exit") { process.status != nil }
            #expect(try containment.members().isEmpty)
            #expect(try containment.isEmpty())
            try finish(maker, [containment])
        }

        @Test(arguments: Containing.usable)
        func isEmptyAtTheExitOfItsOnlyProcess(_ kind: Containing) throws {
            let maker = try kind.maker(stack: stack, loop: harness.loop)
            let containment = try maker.make("backend.0.4")
            var request = shell("exec sleep 1000")
            containment.prepare(&request)
            var isEmptyAtExit: Bool?
            let process = try harness.start(request) { _ in isEmptyAtExit = try? containment.isEmpty() }
            try containment.started(pid: process.pid)
            #expect(try !containment.isEmpty())
            try process.signal(SIGKILL)
            try harness.loop.run(until: "the exit") { process.status != nil }
            #expect(isEmptyAtExit == true)
            try finish(maker, [containment])
        }

        @Test(arguments: Containing.usable)
        func killsADoubleForkedDaemonInASessionOfItsOwn(_ kind: Containing) throws {
            let maker = try kind.maker(stack: stack, loop: harness.loop)
            let containment = try maker.make("backend.0.2")
            let main = try start(daemon("exec sleep 1000", pidFile: "daemon"), in: containment)
            try harness.loop.run(until: "the end of the main process") { main.status != nil }
            let daemon = try ProcessIdentity.of(pid: try pid(in: "daemon"))
            #expect(try containment.members() == [daemon.pid])
            #expect(try !containment.isEmpty())
            #expect(containment.contains(pid: daemon.pid))
            #expect(!containment.contains(pid: getpid()))
            #expect(runs(daemon))
            try containment.killAll()
            try waitUntilEmpty(containment)
            #expect(!runs(daemon))
            try finish(maker, [containment])
        }

        @Test(arguments: Containing.usable)
        func signalsEveryMember(_ kind: Containing) throws {
            let maker = try kind.maker(stack: stack, loop: harness.loop)
            let containment = try maker.make("backend.0.3")
            let script = "sleep 1000 & sleep 1000 & echo $! > \(directory.path)/last; wait"
            let main = try start(script, in: containment)
            _ = try pid(in: "last")
            try harness.loop.poll(until: "three members") { try containment.members().count == 3 }
            try containment.signalAll(SIGTERM)
            try waitUntilEmpty(containment)
            try harness.loop.run(until: "the exit") { main.status != nil }
            #expect(main.status == .signaled(signal: SIGTERM, dumpedCore: false))
            try finish(maker, [containment])
        }

        @Test(arguments: Containing.usable)
        func killsNothingOfANeighbour(_ kind: Containing) throws {
            let maker = try kind.maker(stack: stack, loop: harness.loop)
            let (left, right) = (try maker.make("left"), try maker.make("right"))
            let (first, second) = (try start("exec sleep 1000", in: left), try start("exec sleep 1000", in: right))
            try left.killAll()
            try waitUntilEmpty(left)
            #expect(try right.members() == [second.pid])
            try right.killAll()
            try waitUntilEmpty(right)
            try harness.loop.run(until: "both exits") { first.status != nil && second.status != nil }
            try finish(maker, [left, right])
        }

        @Test(arguments: Containing.usable)
        func killReachesWhatIsForkedMeanwhile(_ kind: Containing) throws {
            let maker = try kind.maker(stack: stack, loop: harness.loop)
            let containment = try maker.make("forker")
            let loop =
                "while [ ${n:=0} -lt 40 ]; do (sleep 1000) & n=$((n+1)); done; wait"
            let main = try start(loop, in: containment)
            try harness.loop.poll(until: "the first forks") { try containment.members().count > 3 }
            try containment.killAll()
            try waitUntilEmpty(containment)
            try harness.loop.run(until: "the exit") { main.status != nil }
            #expect(try containment.members().isEmpty)
            try finish(maker, [containment])
        }

        @Test(arguments: Containing.usable)
        func removesAsSoonAsItIsEmpty(_ kind: Containing) throws {
            let maker = try kind.maker(stack: stack, loop: harness.loop)
            let containment = try maker.make("removed")
            let main = try start("exec sleep 1000", in: containment)
            try containment.remove()
            try harness.loop.turn(waiting: false)
            try main.signal(SIGKILL)
            // Made again, which fails as long as the old one is there.
            try harness.loop.poll(until: "the removal") { (try? maker.make("removed").remove()) != nil }
            try finish(maker, [])
        }

        /// Whatever controllers there are: a limit holds or is named.
        @Test(arguments: Containing.usable) func aLimitHoldsOrIsToldNotTo(_ kind: Containing) throws {
            let maker = try kind.maker(stack: stack, loop: harness.loop)
            let containment = try maker.make("limited")
            var limits = ControlGroupLimits()
            limits.pidsMax = 50
            limits.memoryMax = 1 << 30
            let unenforced = containment.limit(to: limits)
            #expect(unenforced == maker.unenforceable.filter { [.pids, .memory].contains($0.resource) })
            if kind == .processTree { #expect(unenforced.map(\.reason) == ["no cgroup", "no cgroup"]) }
            let process = try start("exec sleep 1000", in: containment)
            #expect(containment.limit(to: ControlGroupLimits()).isEmpty)
            #expect((containment.outOfMemoryKills()?.count ?? 0) == 0)
            try containment.killAll()
            try waitUntilEmpty(containment)
            try harness.loop.run(until: "the exit") { process.status != nil }
            try finish(maker, [containment])
        }

        @Test(.enabled(if: Containing.canMakeGroups)) func killsWithoutTheKillFileToo() throws {
            let maker = try Containing.controlGroups.maker(stack: stack, loop: harness.loop)
            let group = try #require(try maker.make("old-kernel") as? ControlGroup)
            let main = try start("sleep 1000 & sleep 1000 & wait", in: group)
            try harness.loop.poll(until: "three members") { try group.members().count == 3 }
            try group.killMembers()
            try waitUntilEmpty(group)
            try harness.loop.run(until: "the exit") { main.status != nil }
            try finish(maker, [group])
        }

        @Test(.enabled(if: Containing.canMakeGroups)) func removesGroupsThatTheInstanceMade() throws {
            let maker = try Containing.controlGroups.maker(stack: stack, loop: harness.loop)
            let group = try #require(try maker.make("nested") as? ControlGroup)
            mkdir("\(group.path)/inner", 0o755)
            mkdir("\(group.path)/inner/most", 0o755)
            let main = try start("echo $$ > \(group.path)/inner/most/cgroup.procs; exec sleep 1000", in: group)
            try harness.loop.poll(until: "the move") {
                try contents("\(group.path)/inner/most/cgroup.procs") == "\(main.pid)\n"
            }
            #expect(try group.members() == [main.pid])
            #expect(try !group.isEmpty())
            #expect(group.contains(pid: main.pid))
            try group.killAll()
            try waitUntilEmpty(group)
            try finish(maker, [group])
        }

        @Test(.enabled(if: Containing.canMakeGroups)) func findsTheGroupsOfAnEarlierDaemon() throws {
            let earlier = try Containing.controlGroups.maker(stack: stack, loop: harness.loop)
            let left = try earlier.make("left.0.1")
            let main = try start("exec sleep 1000", in: left)
            let maker = try Containing.controlGroups.maker(stack: stack, loop: harness.loop)
            let found = try maker.leftovers()
            #expect(found.map(\.id) == ["left.0.1"])
            try found[0].killAll()
            try waitUntilEmpty(found[0])
            try harness.loop.run(until: "the exit") { main.status != nil }
            try finish(maker, found)
        }

        @Test(.enabled(if: Containing.canMakeGroups)) func makesTheStacksGroupAgainWhenItHasVanished() throws {
            let maker = try Containing.controlGroups.maker(stack: stack, loop: harness.loop)
            try maker.make("one").remove()
            let groups = try #require(maker as? ControlGroups)
            try #require(rmdir(groups.directory) == 0)
            let containment = try maker.make("two")
            let process = try start("exec sleep 1000", in: containment)
            #expect(containment.contains(pid: process.pid))
            try containment.killAll()
            try waitUntilEmpty(containment)
            try harness.loop.run(until: "the exit") { process.status != nil }
            try finish(maker, [containment])
        }

        @Test(.enabled(if: Containing.canMakeGroups)) func leavesNoGroupThatItCannotOpen() throws {
            let maker = try Containing.controlGroups.maker(stack: stack, loop: harness.loop)
            let groups = try #require(maker as? ControlGroups)
            // With no descriptor left, the directory can be made but not opened.
            var limit = rlimit()
            try #require(getrlimit(__rlimit_resource_t(7), &limit) == 0)
            var none = limit
            none.rlim_cur = 0
            try #require(setrlimit(__rlimit_resource_t(7), &none) == 0)
            let error = #expect(throws: SystemError.self) { try maker.make("one") }
            setrlimit(__rlimit_resource_t(7), &limit)
            #expect(error?.errno == EMFILE)
            #expect(access("\(groups.directory)/one", F_OK) != 0)
            try finish(maker, [])
        }

        @Test func stacksOfOneNameAndTwoScopesDoNotSeeEachOther() throws {
            let tree = try ProcessTree(stack: stack, scope: "/a", loop: harness.loop)
            let neighbour = try ProcessTree(stack: stack, scope: "/b", loop: harness.loop)
            #expect(tree.marker(of: "x") != neighbour.marker(of: "x"))
            let marker = "\(ProcessTree.marker)=\(neighbour.marker(of: "left.0.1"))"
            let script = "setsid env \(marker) sh -c 'echo $$ > \(directory.path)/left; exec sleep 1000' &"
            let outside = try startOutside(script)
            #expect(try tree.leftovers().isEmpty)
            let found = try neighbour.leftovers()
            #expect(found.map(\.id) == ["left.0.1"])
            try found[0].killAll()
            try waitUntilEmpty(found[0])
            #expect(!runs(outside.identity))
        }

        @Test func findsTheProcessesOfAnEarlierDaemonByTheirEnvironment() throws {
            let tree = try ProcessTree(stack: stack, loop: harness.loop)
            // As after a daemon's death: an instance's process that is not below this process.
            let marker = "\(ProcessTree.marker)=\(stack):left.0.1"
            let script = "setsid env \(marker) sh -c 'echo $$ > \(directory.path)/left; exec sleep 1000' &"
            let outside = try startOutside(script)
            defer { if outside.parent != 1 { _ = kill(outside.pid, SIGKILL) } }
            let found = try tree.leftovers()
            #expect(found.map(\.id) == ["left.0.1"])
            let leftover = try #require(found.first)
            #expect(try leftover.members() == [outside.pid])
            try leftover.killAll()
            try waitUntilEmpty(leftover)
            #expect(!runs(outside.identity))
            try leftover.remove()
        }

        /// Starts a process below init rather than below this one, which adopts orphans only while it is a subreaper.
        private func startOutside(_ script: String) throws -> ProcessStatus {
            try #require(clinux_set_subreaper(0) == 0)
            let main = try harness.start(shell(script))
            try harness.loop.run(until: "the end of the starter") { main.status != nil }
            let pid = try pid(in: "left")
            var status = try ProcessStatus.of(pid: pid)
            try harness.loop.poll(until: "its adoption") {
                status = try ProcessStatus.of(pid: pid)
                return status.parent != main.pid
            }
            try #require(clinux_set_subreaper(1) == 0)
            return status
        }

        @Test func strayProcessesAreFoundAtTheEnd() throws {
            let tree = try ProcessTree(stack: stack, loop: harness.loop)
            let containment = try tree.make("hider")
            let script = "setsid env -i sh -c '(setsid sleep 1000) & echo $! > \(directory.path)/hidden'"
            let main = try start(script, in: containment)
            _ = try pid(in: "hidden")
            try harness.loop.run(until: "the end of the main process") { main.status != nil }
            try waitUntilEmpty(containment)
            var strays: [ProcessIdentity] = []
            try harness.loop.poll(until: "the stray") {
                strays = try tree.strays()
                return strays.count == 1
            }
            try finish(tree, [containment])
            #expect(try tree.strays().isEmpty)
            #expect(!runs(strays[0]))
        }

        @Test func whatWasThereBeforeTheStackIsNotItsToKill() throws {
            let older = try harness.start(shell("exec sleep 1000"))
            let tree = try ProcessTree(stack: stack, loop: harness.loop)
            try finish(tree, [])
            #expect(older.status == nil)
            try older.signal(SIGKILL)
            try harness.loop.run(until: "its end") { older.status != nil }
        }
    }
}
