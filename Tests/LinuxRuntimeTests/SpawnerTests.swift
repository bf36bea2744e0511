import Glibc
import Synchronization
import Testing

@testable import LinuxRuntime

extension RealProcesses {
    @Suite struct SpawnerTests {
        let harness: Harness

        init() throws {
            harness = try Harness()
        }

        private func failure(of request: SpawnRequest) throws -> SpawnError {
            do throws(SpawnError) {
                _ = try harness.spawner.spawn(request)
            } catch {
                return error
            }
            throw Unexpected()
        }

        struct Unexpected: Error {}

        @Test func runsAProgramAndReportsItsEnd() throws {
            let run = try harness.output(of: shell("echo hello; exit 7"))
            #expect(run.text == "hello\n")
            #expect(run.status == .exited(code: 7))
        }

        @Test func reportsTheSignalThatEndedIt() throws {
            let run = try harness.output(of: shell("ulimit -c 0; kill -SEGV $$"))
            #expect(run.status == .signaled(signal: SIGSEGV, dumpedCore: false))
        }

        @Test func whatIsNoTerminalCannotBeTakenForOne() throws {
            var request = shell("true")
            request.takesTerminal = true
            let error = try failure(of: request)
            #expect((error.stage, error.errno) == (.terminal, ENOTTY))
        }

        @Test func givesDevNullWhereNothingIsGiven() throws {
            let run = try harness.output(of: shell("readlink /proc/self/fd/0"))
            #expect(run.text == "/dev/null\n")
        }

        @Test func leaksNoDescriptor() throws {
            let extra = try Descriptor.open("/dev/zero", flags: O_RDONLY)
            let open = fcntl(extra.number, F_DUPFD, 100)  // one without CLOEXEC
            defer { close(open) }
            let run = try harness.output(of: SpawnRequest(arguments: ["/bin/ls", "/proc/self/fd"]))
            // 3 is ls's own, on the directory.
            #expect(run.text.split(separator: "\n") == ["0", "1", "2", "3"])
        }

        @Test func resetsSignalsThatTheParentIgnoresOrBlocks() throws {
            let previous = signal(SIGPIPE, SIG_IGN)
            defer { signal(SIGPIPE, previous) }
            let run = try harness.output(
                of: SpawnRequest(arguments: ["/bin/grep", "-E", "Sig(Blk|Ign)", "/proc/self/status"]))
            #expect(run.text == "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n")
        }

        @Test func keepsTheCallersOwnSignalMask() throws {
            var before = sigset_t()
            pthread_sigmask(SIG_BLOCK, nil, &before)
            _ = try harness.output(of: shell("true"))
            var after = sigset_t()
            pthread_sigmask(SIG_BLOCK, nil, &after)
            for number in 1..<Int32(32) { #expect(sigismember(&before, number) == sigismember(&after, number)) }
            #expect(sigismember(&after, SIGCHLD) == 1)
        }

        @Test func searchesThePathOfTheChild() throws {
            let directory = try TemporaryDirectory()
            try directory.write("tool", "#!/bin/sh\necho found\n", mode: 0o755)
            var request = SpawnRequest(arguments: ["tool"], environment: ["PATH": "/nowhere:\(directory.path)"])
            #expect(try harness.output(of: request).text == "found\n")
            request.environment["PATH"] = "/nowhere:/usr/bin"
            let error = try failure(of: request)
            #expect(error.stage == .executable)
            #expect(error.errno == ENOENT)
            #expect(error.description == "exec tool: No such file or directory")
        }

        @Test func aFileThatMayNotRunIsReportedOnlyWhenNoOtherIsFound() throws {
            let directory = try TemporaryDirectory()
            try directory.write("tool", "data")
            var request = SpawnRequest(arguments: ["tool"], environment: ["PATH": "\(directory.path):/nowhere"])
            #expect(try failure(of: request).description == "exec tool: Permission denied")
            let other = try TemporaryDirectory()
            try other.write("tool", "#!/bin/sh\necho other\n", mode: 0o755)
            request.environment["PATH"] = "\(directory.path):\(other.path)"
            #expect(try harness.output(of: request).text == "other\n")
        }

        @Test func resolvesRelativePathsInTheWorkingDirectory() throws {
            let directory = try TemporaryDirectory()
            try directory.write("tool", "#!/bin/sh\npwd\n", mode: 0o755)
            var request = SpawnRequest(arguments: ["./tool"])
            request.workingDirectory = directory.path
            #expect(try harness.output(of: request).text == "\(directory.path)\n")
            request.workingDirectory = "/x/y"
            #expect(try failure(of: request).description == "chdir /x/y: No such file or directory")
            #expect(try failure(of: request).stage == .workingDirectory)
        }

        @Test func saysThatTheInterpreterIsMissing() throws {
            let directory = try TemporaryDirectory()
            let file = try directory.write("tool", "#!/no/such/interpreter\n", mode: 0o755)
            let error = try failure(of: SpawnRequest(arguments: [file]))
            #expect(
                error.description
                    == "exec \(file): No such file or directory (\(file) is there, its interpreter is not)")
        }

        @Test func refusesToRunNothing() throws {
            #expect(try failure(of: SpawnRequest(arguments: [""])).stage == .executable)
        }

        @Test func failuresLeaveNeitherProcessNorDescriptor() throws {
            let descriptors = try openDescriptors()
            let children = try childPIDs()
            for _ in 0..<50 { _ = try failure(of: SpawnRequest(arguments: ["/no/such/file"])) }
            #expect(try openDescriptors() == descriptors)
            #expect(try childPIDs().isSubset(of: children))
        }

        private func childPIDs() throws -> Set<Int32> {
            Set(try ProcessTable.read().descendants(of: getpid()).map(\.pid))
        }

        private func openDescriptors() throws -> Int {
            try ProcFile.names(in: try Descriptor.open("/proc/self/fd", flags: O_RDONLY | O_DIRECTORY)).count
        }

        @Test func passesListenersWhateverTheirNumbersAre() throws {
            let directory = try TemporaryDirectory()
            var files: [Int32] = []
            for name in ["a", "b", "c"] {
                let descriptor = try Descriptor.open(try directory.write(name, name), flags: O_RDONLY)
                files.append(descriptor.release())
            }
            defer { for file in files { close(file) } }
            // So many listeners that their targets reach over the sources, and each file's number is another file's target.
            let null = try Descriptor.open("/dev/null", flags: O_RDONLY)
            let highest = try #require(files.max())
            var listen = (3...highest).map { SpawnRequest.Listen(name: "n\($0)", descriptor: null.number) }
            for (target, source) in zip(files, files.dropFirst() + files.prefix(1)) {
                listen[Int(target) - 3].descriptor = source
            }
            let read = files.map { "/proc/self/fd/\($0)" }.joined(separator: " ")
            var request = shell("cat \(read); echo; echo $LISTEN_FDS $LISTEN_FDNAMES $$ $LISTEN_PID")
            request.listen = listen
            let lines = try harness.output(of: request).text.split(separator: "\n")
            #expect(lines.first == "bca")
            let words = try #require(lines.last).split(separator: " ")
            #expect(words.prefix(2) == ["\(listen.count)", Substring(listen.map(\.name).joined(separator: ":"))])
            #expect(words[2] == words[3])
        }

        @Test func passesOnNoOneElsesListeners() throws {
            var request = shell("echo \"${LISTEN_FDS-unset} ${LISTEN_PID-unset}\"")
            request.environment["LISTEN_FDS"] = "3"
            request.environment["LISTEN_PID"] = "1"
            #expect(try harness.output(of: request).text == "unset unset\n")
        }

        @Test func setsUmaskLimitsNiceAndScore() throws {
            var request = shell(
                "umask; ulimit -n; ulimit -Hn; nice; cat /proc/self/oom_score_adj; grep NoNewPrivs /proc/self/status")
            request.umask = 0o027
            request.limits = [ResourceLimit(.nofile, soft: 64, hard: 128)]
            request.nice = 5
            request.oomScoreAdjustment = 500
            request.noNewPrivileges = true
            let run = try harness.output(of: request)
            #expect(run.text == "0027\n64\n128\n5\n500\nNoNewPrivs:\t1\n")
        }

        @Test func aRequestsLimitTakesThePlaceOfTheDefault() throws {
            harness.spawner.defaultLimits = [
                ResourceLimit(.nofile, soft: 100, hard: 200), ResourceLimit(.core, soft: 0, hard: 0),
            ]
            var request = shell("ulimit -n; ulimit -c")
            #expect(try harness.output(of: request).text == "100\n0\n")
            request.limits = [ResourceLimit(.nofile, soft: 50, hard: 200)]
            #expect(try harness.output(of: request).text == "50\n0\n")
        }

        @Test func aLowDescriptorLimitDoesNotDisturbPlacing() throws {
            var request = shell("echo fine")
            request.limits = [ResourceLimit(.nofile, soft: 4, hard: 4)]
            #expect(try harness.output(of: request).text == "fine\n")
        }

        @Test func namesTheStageOfEachRefusal() throws {
            var limits = shell("true")
            limits.limits = [ResourceLimit(.nofile, soft: 10, hard: 5)]
            #expect(try failure(of: limits).description == "setrlimit nofile: Invalid argument")

            var score = shell("true")
            score.oomScoreAdjustment = 5000
            #expect(try failure(of: score).description == "oom_score_adj 5000: Invalid argument")

            var descriptors = shell("true")
            descriptors.standardOutput = 9999
            #expect(try failure(of: descriptors).stage == .descriptors)

            var cgroup = shell("true")
            let directory = try Descriptor.open("/tmp", flags: O_RDONLY | O_DIRECTORY)
            cgroup.cgroup = directory.number
            #expect(try failure(of: cgroup).stage == .cgroup)
        }

        @Test func leadsASessionOrAGroup() throws {
            var request = SpawnRequest(
                arguments: ["/bin/sh", "-c", "exec cut -d' ' -f 1,5,6 /proc/self/stat"],
                environment: ["PATH": "/usr/bin:/bin"])
            for (session, expected) in [(SpawnRequest.Session.new, [0, 0, 0]), (.newGroup, [0, 0, 1])] {
                request.session = session
                let fields = try harness.output(of: request).text.split { $0 == " " || $0 == "\n" }.compactMap {
                    Int32($0)
                }
                let pid = try #require(fields.first)
                #expect(fields.map { $0 == pid ? 0 : 1 } == expected)
            }
        }

        @Test(.enabled(if: isRoot)) func becomesAnotherUser() throws {
            var environment: Environment = ["PATH": "/usr/bin:/bin", "HOME": "/given"]
            let nobody = try Accounts.credentials(user: "nobody")
            nobody.setDefaults(in: &environment)
            var request = shell("id -un; id -G; echo $USER $LOGNAME $HOME", environment: environment)
            request.credentials = nobody
            let run = try harness.output(of: request)
            #expect(run.text == "nobody\n\(nobody.gid)\nnobody nobody /given\n")
        }

        @Test(.enabled(if: isRoot)) func checksTheWorkingDirectoryAsTheUser() throws {
            let directory = try TemporaryDirectory()
            chmod(directory.path, 0o700)
            var request = shell("true")
            request.credentials = try Accounts.credentials(user: "nobody")
            request.workingDirectory = directory.path
            #expect(try failure(of: request).description == "chdir \(directory.path): Permission denied")
        }

        @Test func namesTheStageAtWhichAnIdentityIsRefused() throws {
            var request = shell("true")
            var credentials = try Accounts.credentials(user: isRoot ? "nobody" : "root")
            // Root is refused nothing but what cannot be.
            if isRoot { credentials.groups = [UInt32](repeating: 1, count: 65_537) }
            request.credentials = credentials
            let error = try failure(of: request)
            #expect(error.stage == .groups)
            #expect(error.errno == (isRoot ? EINVAL : EPERM))
            #expect(error.description.hasPrefix("setgroups \(credentials.userName): "))
        }

        @Test func anyoneMayNameHimself() throws {
            var request = shell("id -u")
            request.credentials = try Accounts.credentials(user: String(geteuid()))
            #expect(try harness.output(of: request).text == "\(geteuid())\n")
        }

        @Test func endsWithTheThreadThatStartedItIfAsked() throws {
            let started = Mutex<Int32>(0)
            let thread = onThread {
                var request = shell("exec sleep 1000")
                request.deathSignal = SIGKILL
                do {
                    let process = try Spawner().spawn(request)
                    let pid = process.pid
                    started.withLock { $0 = pid }
                } catch {
                    Issue.record(error)
                }
            }
            pthread_join(thread, nil)
            let pid = started.withLock { $0 }
            var status: ProcessExit?
            let pidfd = try ProcessIdentity.of(pid: pid).open()
            let process = try harness.exits.watch(pid: pid, pidfd: pidfd) { status = $0 }
            try harness.loop.run(until: "its end") { status != nil }
            #expect(status == .signaled(signal: SIGKILL, dumpedCore: false))
            #expect(throws: SystemError.self) { try process.signal(SIGTERM) }
        }

        @Test func spawnsWhileOtherThreadsWork() async throws {
            // The child shares this process's memory: whatever it touched would be seen by the threads that go on.
            let work = Task.detached {
                var sum = 0
                for round in 0..<200 where !Task.isCancelled {
                    sum += String(repeating: "x", count: round * 100).utf8.count
                }
                return sum
            }
            for _ in 0..<100 {
                let run = try harness.output(of: SpawnRequest(arguments: ["/bin/echo", "ok"]))
                #expect(run.text == "ok\n")
            }
            #expect(await work.value == (0..<200).map { $0 * 100 }.reduce(0, +))
        }
    }
}
