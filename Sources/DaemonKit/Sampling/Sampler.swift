import ControlProtocol
import Glibc
import LinuxRuntime
import StackModel
import SupervisorCore

/// Samples what every instance uses, at the interval that the stack's file says, to foresee when something will not be
/// enough. It belongs to the loop's thread.
final class Sampler {
    /// Nothing is made of what is seen in less.
    private static let resolution = Duration.seconds(10)

    private let interpreter: EffectInterpreter
    private let mount = ControlGroupMount.find()
    /// One for each disk that the stack's own files are on, by a directory on it.
    private let directories: [String]
    private var interval: Duration?
    private var timer: EventLoop.Timer?
    /// A sample is under way, and those that it is of.
    private var sampled: [InstanceID]?
    private var instances: [InstanceID: InstanceGrowth] = [:]
    private var disks: [String: GrowthWatch] = [:]
    /// Has the kernel asked on another thread, and its answers taken by `take`.
    var read: ((@escaping @Sendable () -> Sample) -> Void)?

    init(_ interpreter: EffectInterpreter) {
        self.interpreter = interpreter
        let configuration = interpreter.configuration
        directories = Self.onePerDisk([configuration.paths.stateDirectory, configuration.logDirectory])
    }

    /// Samples so often from now on; nil: never. What was seen counts on, unless the interval is another.
    func follow(_ interval: Duration?) {
        guard interval != self.interval else { return }
        self.interval = interval
        instances = [:]
        disks = [:]
        if let timer { interpreter.loop.cancel(timer) }
        timer = nil
        schedule()
    }

    private func schedule() {
        guard let interval else { return }
        timer = interpreter.loop.schedule(after: interval) { [weak self] in
            self?.schedule()
            self?.begin()
        }
    }

    /// What is so slow that another one is due is waited for.
    private func begin() {
        guard sampled == nil else { return }
        let running = interpreter.runningInstances
        sampled = running.map(\.id)
        let usage = interpreter.containments.sampleUsage(
            of: running.map(\.containment.id), [.workingSet, .memoryEvents, .descriptors])
        read? { [directories, mount] in
            Sample(
                time: Instant(.now), usages: usage(), host: HostLoad.read(mount),
                rooms: directories.map { try? FileSystemRoom.of($0) })
        }
    }

    struct Sample: Sendable {
        var time: Instant
        /// In the order of the instances, and of the directories.
        var usages: [Usage?]
        var host: HostLoad
        var rooms: [FileSystemRoom?]
    }

    func take(_ sample: Sample) {
        let ids = sampled ?? []
        sampled = nil
        guard let interval else { return }
        let resolution = max(interval, Self.resolution)
        let former = instances
        instances = [:]
        for (id, usage) in zip(ids, sample.usages) {
            // What has ended meanwhile is no matter any more.
            guard let usage, let instance = interpreter.runningInstance(id) else { continue }
            let limit = interpreter.enforcedMemory(of: instance.spec)
            var growth = former[id] ?? InstanceGrowth(resolution: resolution)
            for observation in growth.take(usage, memory: limit, host: sample.host, at: sample.time) {
                interpreter.queue.post(.observed(.instance(id, of: instance.replica), observation))
            }
            instances[id] = growth
            if let kills = usage.outOfMemoryKills { note(kills, of: instance) }
        }
        for (directory, room) in zip(directories, sample.rooms) {
            guard let room else { continue }
            var growth = disks[directory] ?? GrowthWatch(.disk(directory), resolution: resolution)
            let used = room.size - min(room.size, room.available)
            if let observation = growth.add(Int(clamping: used), limit: Int(clamping: room.size), at: sample.time) {
                interpreter.queue.post(.observed(.stack, observation))
            }
            disks[directory] = growth
        }
    }

    private func note(_ kills: Int, of instance: LiveInstance) {
        guard let count = instance.memoryKills.note(kills) else { return }
        let words = "\(count) of its processes \(count == 1 ? "was" : "were") killed by the kernel for want of memory"
        interpreter.queue.post(.observed(.instance(instance.id, of: instance.replica), .degraded(words)))
    }

    private static func onePerDisk(_ directories: [String]) -> [String] {
        var seen: Set<dev_t> = []
        return directories.filter { directory in
            var status = stat()
            return stat(directory, &status) == 0 && seen.insert(status.st_dev).inserted
        }
    }
}
