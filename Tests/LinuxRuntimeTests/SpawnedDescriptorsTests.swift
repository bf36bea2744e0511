import Glibc
import Synchronization
import Testing

@testable import LinuxRuntime

extension RealProcesses {
    /// What a child has of its parent's descriptors, and what its parent has left of them.
    @Suite struct SpawnedDescriptorsTests {
        let harness: Harness
        let directory: TemporaryDirectory

        init() throws {
            harness = try Harness()
            directory = try TemporaryDirectory()
        }

        private static let list = SpawnRequest(arguments: ["/bin/ls", "/proc/self/fd"])
        /// 3 is the program's own, on the directory.
        private static let listed = "0\n1\n2\n3\n"

        private static func link(_ number: Int32) -> String? {
            var buffer = [CChar](repeating: 0, count: 256)
            let count = readlink("/proc/self/fd/\(number)", &buffer, buffer.count)
            return count > 0 ? String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
        }

        /// The numbers under which this process has the file of a descriptor open; both ends of a pipe are one file.
        private func numbers(of descriptor: Int32) throws -> Set<Int32> {
            let link = try #require(Self.link(descriptor))
            let open = try ProcFile.names(in: try Descriptor.open("/proc/self/fd", flags: O_RDONLY | O_DIRECTORY))
            return Set(open.compactMap { Int32($0) }.filter { Self.link($0) == link })
        }

        @Test func areItsOwnAloneAmongThousands() throws {
            _ = try ResourceLimit.raiseOpenFiles()
            var opened: [Int32] = []
            defer { for number in opened { close(number) } }
            for index in 0..<3000 {
                // Every other one is left open by exec.
                let number = open("/dev/zero", O_RDONLY | (index % 2 == 0 ? O_CLOEXEC : 0))
                try #require(number >= 0)
                opened.append(number)
            }
            #expect(try harness.output(of: Self.list).text == Self.listed)
            // They were not even copied: the child's table is not as large as its parent's.
            let size = try harness.output(of: shell("sed -n s/^FDSize://p /proc/self/status")).text
            #expect(try #require(Int(size.filter(\.isNumber))) < 1024)
            // A spawner that was made late has high numbers for its children.
            let late = try Harness()
            #expect(try late.output(of: Self.list).text == Self.listed)
            for number in opened { #expect(Self.link(number) == "/dev/zero") }
        }

        @Test(arguments: [1, 12, 13, 14, 100]) func areItsListenersInTheirOrder(_ count: Int) throws {
            let read = "for n in $(seq 3 \(count + 2)); do cat /proc/self/fd/$n; done"
            var request = shell("\(read); ls /proc/self/fd | wc -l")
            var files: [Int32] = []
            defer { for file in files { close(file) } }
            for index in 0..<count {
                let file = try Descriptor.open(try directory.write("\(index)", "\(index) "), flags: O_RDONLY)
                files.append(file.release())
            }
            request.listen = files.map { SpawnRequest.Listen(name: "n", descriptor: $0) }
            let expected = (0..<count).map { "\($0) " }.joined() + "\(count + 4)\n"
            #expect(try harness.output(of: request).text == expected)
        }

        @Test func areLeftToTheParentAsTheyWereHoweverTheSpawnEnds() throws {
            var requests: [SpawnError.Stage?: SpawnRequest] = [nil: shell("true"), .executable: shell("true")]
            requests[.executable]?.executable = "/no/such/file"
            for stage in [SpawnError.Stage.oomScore, .limits, .workingDirectory, .descriptors, .cgroup] {
                requests[stage] = shell("true")
            }
            let notACgroup = try Descriptor.open("/tmp", flags: O_RDONLY | O_DIRECTORY)
            requests[.oomScore]?.oomScoreAdjustment = 5000
            requests[.limits]?.limits = [ResourceLimit(.nofile, soft: 10, hard: 5)]
            requests[.workingDirectory]?.workingDirectory = "/no/such/directory"
            requests[.descriptors]?.standardError = Int32.max
            requests[.cgroup]?.cgroup = notACgroup.number

            for (stage, request) in requests {
                let pipe = try Pipe()
                let writer = pipe.writer.number
                var request = request
                request.standardOutput = writer
                request.listen = [SpawnRequest.Listen(name: "n", descriptor: writer)]
                var failed: SpawnError.Stage?
                var status: ProcessExit?
                do {
                    _ = try harness.start(request) { status = $0 }
                    try harness.loop.run(until: "its end") { status != nil }
                } catch let error as SpawnError {
                    failed = error.stage
                }
                #expect(failed == stage)
                let open = try numbers(of: writer)
                #expect(open == [pipe.reader.number, writer], "after \(stage?.rawValue ?? "success")")
                #expect(fcntl(writer, F_GETFD) & FD_CLOEXEC != 0)
                // And the same spawner serves the next one.
                #expect(try harness.output(of: Self.list).text == Self.listed)
            }
        }

        @Test func areNotThoseThatAnotherThreadOpensMeanwhile() throws {
            let isOver = Atomic(false)
            let failures = Atomic(0)
            let thread = onThread {
                // Open for exec, at the lowest numbers that are free. Whatever a child did to the table that it shares
                // at first would be seen here.
                for _ in 0..<10_000_000 where !isOver.load(ordering: .relaxed) {
                    let numbers = (0..<8).map { _ in open("/dev/zero", O_RDONLY) }
                    for number in numbers where close(number) != 0 { failures.add(1, ordering: .relaxed) }
                }
            }
            for _ in 0..<200 { #expect(try harness.output(of: Self.list).text == Self.listed) }
            isOver.store(true, ordering: .relaxed)
            pthread_join(thread, nil)
            #expect(failures.load(ordering: .relaxed) == 0)
        }

        @Test func areCopiedWhereTheKernelCannotUnshareThem() throws {
            let texts = Mutex<[String]>([])
            // A filter of system calls holds for the thread that sets it, and for what it starts.
            let thread = onThread {
                do {
                    try refuseToUnshare()
                    let spawner = try Spawner()
                    for _ in 0..<2 {
                        let pipe = try Pipe()
                        var request = Self.list
                        request.standardOutput = pipe.writer.number
                        let process = try spawner.spawn(request)
                        var status: Int32 = 0
                        #expect(waitpid(process.pid, &status, 0) == process.pid)
                        let text = String(decoding: try available(pipe.reader), as: UTF8.self)
                        texts.withLock { $0.append(text) }
                    }
                } catch {
                    Issue.record(error)
                }
            }
            pthread_join(thread, nil)
            #expect(texts.withLock { $0 } == [Self.listed, Self.listed])
        }
    }
}

/// Has close_range(CLOSE_RANGE_UNSHARE) fail with EINVAL in the calling thread, as a kernel without it would.
private func refuseToUnshare() throws {
    typealias Control = @convention(c) (Int32, UInt, UInt, UInt, UInt) -> Int32
    struct Instruction {
        var code: UInt16
        var ifTrue: UInt8 = 0
        var ifFalse: UInt8 = 0
        var operand: UInt32
    }
    struct Program {
        var count: UInt16
        var instructions: UnsafePointer<Instruction>
    }
    let closeRange: UInt32 = 436
    let (load, ifEqual, ifAnySet, answer): (UInt16, UInt16, UInt16, UInt16) = (0x20, 0x15, 0x45, 0x06)
    let filter = [
        Instruction(code: load, operand: 0),  // the call's number
        Instruction(code: ifEqual, ifFalse: 3, operand: closeRange),
        Instruction(code: load, operand: 16 + 2 * 8),  // its third argument
        Instruction(code: ifAnySet, ifFalse: 1, operand: 1 << 1),
        Instruction(code: answer, operand: 0x0005_0000 | UInt32(EINVAL)),
        Instruction(code: answer, operand: 0x7fff_0000),
    ]
    // Variadic in C, which Swift cannot call; integers are passed alike.
    let symbol = try #require(dlsym(nil, "prctl"))
    let control = unsafeBitCast(symbol, to: Control.self)
    let (setNoNewPrivileges, setSeccomp, filterMode): (Int32, Int32, UInt) = (38, 22, 2)
    try #require(control(setNoNewPrivileges, 1, 0, 0, 0) == 0)
    let status = filter.withUnsafeBufferPointer { instructions -> Int32 in
        guard let first = instructions.baseAddress else { return -1 }
        var program = Program(count: UInt16(instructions.count), instructions: first)
        return withUnsafePointer(to: &program) { control(setSeccomp, filterMode, UInt(bitPattern: $0), 0, 0) }
    }
    try #require(status == 0)
}
