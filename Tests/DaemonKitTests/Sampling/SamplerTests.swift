import StackModel
import SupervisorCore
import Testing

@testable import DaemonKit
@testable import LinuxRuntime

@Suite(.serialized) struct SamplerTests {
    private let bench: Bench
    private let sampler: Sampler
    private let replica = ReplicaID(service: name("web"), index: 0)

    init() throws {
        bench = try Bench()
        sampler = Sampler(bench.interpreter)
    }

    private var growths: [(subject: Subject, growth: Growth)] {
        var found: [(Subject, Growth)] = []
        _ = bench.count { event in
            if case .observed(let subject, .growth(let growth)) = event { found.append((subject, growth)) }
            return false
        }
        return found
    }

    /// Answers each question as if a minute had passed since the one before.
    private func answer(_ sample: @escaping (Int) -> (Usage?, FileSystemRoom?)) -> () -> Int {
        var minute = 0
        sampler.read = { [unowned sampler, loop = bench.loop] _ in
            minute += 1
            let (usage, room) = sample(minute)
            let sample = Sampler.Sample(
                time: Instant(sinceOrigin: .seconds(60 * minute)), usages: [usage],
                host: HostLoad(
                    cpuPressure: nil, memoryPressure: nil, ioPressure: nil, memory: nil, availableMemory: nil,
                    processors: 1000), rooms: [room])
            loop.schedule(after: .zero) { sampler.take(sample) }
        }
        return { minute }
    }

    @Test func whatGrowsIsTold() throws {
        var spec = bench.spec("exec sleep 300")
        spec.resources.memory = ByteCount(text: "512M")
        bench.spawn(1, replica, ServiceRevision(spec))
        // As if the host enforced it.
        bench.interpreter.unenforced = [:]
        _ = answer { minute in
            var usage = Usage()
            usage.workingSetBytes = UInt64(100 + minute) << 20
            usage.fullestDescriptors = DescriptorFill(open: 10 + minute, limit: 1024)
            let used = UInt64(minute) << 20
            let room = FileSystemRoom(size: 1 << 30, available: (1 << 30) - used, files: 0, availableFiles: 0)
            return (usage, room)
        }
        sampler.follow(.milliseconds(1))
        try bench.run { growths.count >= 3 }
        sampler.follow(nil)
        let instance = Subject.instance(InstanceID(serial: 1), of: replica)
        #expect(growths.filter { $0.subject == instance }.map(\.growth.resource).contains(.memory(ofHost: false)))
        #expect(growths.filter { $0.subject == instance }.map(\.growth.resource).contains(.descriptors))
        #expect(growths.contains { $0.subject == .stack })
        bench.carryOut(.kill(InstanceID(serial: 1)))
        try bench.end(1)
    }

    @Test func aPartThatWasKilledIsTold() throws {
        bench.spawn(1, replica, ServiceRevision(bench.spec("exec sleep 300")))
        _ = answer { minute in
            var usage = Usage()
            usage.outOfMemoryKills = minute / 3
            return (usage, nil)
        }
        sampler.follow(.milliseconds(1))
        let subject = Subject.instance(InstanceID(serial: 1), of: replica)
        try bench.run { bench.observations(of: subject).count == 2 }
        #expect(
            bench.observations(of: subject)[0]
                == "1 of its processes was killed by the kernel for want of memory")
        sampler.follow(nil)
        bench.carryOut(.kill(InstanceID(serial: 1)))
        try bench.end(1)
    }

    /// The real ones, of this process's own files.
    @Test func whatRunsIsSampledForAsLongAsItIsToBe() throws {
        bench.spawn(1, replica, ServiceRevision(bench.spec("exec sleep 300")))
        var samples: [Sampler.Sample] = []
        sampler.read = { [unowned sampler, loop = bench.loop] work in
            samples.append(work())
            loop.schedule(after: .zero) { sampler.take(samples[samples.count - 1]) }
        }
        sampler.follow(.milliseconds(5))
        try bench.run { samples.count == 3 }
        sampler.follow(nil)
        #expect(samples.allSatisfy { $0.usages.count == 1 && $0.rooms.count == 1 })
        #expect(samples.allSatisfy { $0.usages[0]?.workingSetBytes ?? 0 > 0 })
        #expect(samples[0].usages[0]?.fullestDescriptors?.open ?? 0 > 0)
        bench.carryOut(.kill(InstanceID(serial: 1)))
        try bench.end(1)
        #expect(samples.count == 3)
    }

    @Test func oneSampleIsWaitedForBeforeTheNext() throws {
        var questions = 0
        sampler.read = { _ in questions += 1 }
        sampler.follow(.milliseconds(1))
        try bench.run { questions == 1 }
        var isLater = false
        bench.loop.schedule(after: .milliseconds(30)) { isLater = true }
        try bench.run { isLater }
        #expect(questions == 1)
        sampler.follow(nil)
    }
}
