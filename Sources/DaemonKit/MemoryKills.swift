import LinuxRuntime
import SupervisorCore

/// Which of an instance's processes the kernel has killed for want of memory, and what of that is known.
struct MemoryKills {
    /// As was seen last.
    private var seen = 0
    /// As was told.
    private var told = 0

    /// Takes how many there are by now, and gives back how many more are to be told of, as it goes on without them:
    /// those that were seen before. Its end would have come by now, which tells of them too.
    mutating func note(_ count: Int) -> Int? {
        defer { seen = count }
        guard seen > told else { return nil }
        defer { told = seen }
        return seen - told
    }

    /// What it has ended of, where that was want of memory.
    func shortage(of kills: OutOfMemoryKills?, at status: ProcessExit) -> OutOfMemory? {
        guard let kills, kills.count > told, status != .exited(code: 0) else { return nil }
        return OutOfMemory(kills)
    }
}
