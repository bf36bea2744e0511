import Glibc
import Synchronization

/// The files of a cgroup in which the kernel keeps its accounts.
enum AccountFile: Int, CaseIterable {
    case processes, threads, cpuStat
    // Those that not every cgroup has: without their controller, or on an older kernel.
    case memoryCurrent, memoryStat, memoryPeak, memoryEvents, ioStat, pidsCurrent
    case cpuPressure, memoryPressure, ioPressure

    var name: String {
        switch self {
        case .processes: "cgroup.procs"
        case .threads: "cgroup.threads"
        case .cpuStat: "cpu.stat"
        case .memoryCurrent: "memory.current"
        case .memoryStat: "memory.stat"
        case .memoryPeak: "memory.peak"
        case .memoryEvents: "memory.events"
        case .ioStat: "io.stat"
        case .pidsCurrent: "pids.current"
        case .cpuPressure: "cpu.pressure"
        case .memoryPressure: "memory.pressure"
        case .ioPressure: "io.pressure"
        }
    }
}

/// What is true of these files for all cgroups of a stack.
final class AccountFiles: Sendable {
    private let absent = Atomic<UInt32>(0)
    private let open = Atomic<Int>(0)
    private let mostOpen: Int

    /// As many as `mostOpen` may stay open, or a quarter of the descriptors that the process may have.
    init(mostOpen: Int? = nil) {
        let quarter = (try? ResourceLimit.current(.nofile)).map { Int(clamping: $0.soft / 4) }
        self.mostOpen = mostOpen ?? quarter ?? 0
    }

    /// Whether no cgroup of the stack has it: to find that out again for each of them costs as much as to read it.
    func lack(_ file: AccountFile) -> Bool { absent.load(ordering: .relaxed) & 1 << file.rawValue != 0 }

    func noteAbsence(of file: AccountFile) {
        absent.bitwiseOr(1 << file.rawValue, ordering: .relaxed)
    }

    /// Takes the place of one more that stays open; false where there is none.
    func takePlace() -> Bool {
        if open.add(1, ordering: .relaxed).newValue <= mostOpen { return true }
        givePlaceBack()
        return false
    }

    func givePlaceBack() {
        open.subtract(1, ordering: .relaxed)
    }
}

/// The files of one cgroup, which stay open where they are read often: to open one costs more than to read it. Where
/// they are not, each would hold a page of the kernel's memory for nothing.
struct OpenAccountFiles: ~Copyable {
    /// Who reads no more often opens them each time.
    private static let often = Duration.seconds(10)

    private let files: AccountFiles
    private var open = InlineArray<12, Descriptor?> { _ in nil }
    private var lastUse: MonotonicTime?
    private var isUsedOften = false

    init(_ files: AccountFiles) {
        self.files = files
    }

    deinit {
        for index in open.indices where open[index] != nil { files.givePlaceBack() }
    }

    /// To be called before they are read once more.
    mutating func begin(at now: MonotonicTime) {
        isUsedOften = lastUse.map { $0.duration(to: now) < Self.often } ?? false
        lastUse = now
        guard !isUsedOften else { return }
        for index in open.indices where open[index] != nil {
            open[index] = nil
            files.givePlaceBack()
        }
    }

    /// Calls `body` with the descriptor of a file, which is positioned at its beginning; nil where it cannot be opened.
    mutating func with<Result>(_ file: AccountFile, in directory: Int32, _ body: (Int32) -> Result?) -> Result? {
        if let number = open[file.rawValue]?.number {
            guard lseek(number, 0, SEEK_SET) == 0 else { return nil }
            return body(number)
        }
        if files.lack(file) { return nil }
        do throws(SystemError) {
            let opened = try Descriptor.open(file.name, flags: O_RDONLY, in: directory)
            let result = body(opened.number)
            if isUsedOften, files.takePlace() { open[file.rawValue] = consume opened }
            return result
        } catch {
            // In a cgroup that is being removed there is nothing.
            if error.errno == ENOENT, faccessat(directory, AccountFile.processes.name, F_OK, 0) == 0 {
                files.noteAbsence(of: file)
            }
            return nil
        }
    }
}
