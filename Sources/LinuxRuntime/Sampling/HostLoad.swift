import CLinux
import Glibc

/// How busy the host is, and how much of it the calling process and what it starts may use.
public struct HostLoad: Hashable, Sendable {
    /// For how much of the last 10 s tasks have waited (PSI, avg10), in thousandths of the time.
    public struct Pressure: Hashable, Sendable {
        /// At least one task.
        public var some: Int
        /// All of them at once; nil where the kernel does not tell.
        public var full: Int?

        public init(some: Int, full: Int? = nil) {
            self.some = some
            self.full = full
        }
    }

    /// Nil where the kernel keeps no account of it.
    public var cpuPressure: Pressure?
    public var memoryPressure: Pressure?
    public var ioPressure: Pressure?
    /// In bytes, as all other memory here.
    public var memory: UInt64?
    /// What processes can have without swapping.
    public var availableMemory: UInt64?
    /// In thousandths of one.
    public var processors: Int

    /// Reads all of it. Memory and processors are those of the host, or what the cgroups that the caller is in leave of
    /// them.
    public static func read(_ mount: ControlGroupMount? = .find()) -> HostLoad {
        read(groups: mount?.ancestors ?? [])
    }

    static func read(groups: [String], proc: String = "/proc") -> HostLoad {
        let text = (try? ProcFile.text("\(proc)/meminfo")) ?? ""
        var load = HostLoad(
            cpuPressure: Pressure(file: "\(proc)/pressure/cpu"),
            memoryPressure: Pressure(file: "\(proc)/pressure/memory"),
            ioPressure: Pressure(file: "\(proc)/pressure/io"), memory: bytes("MemTotal:", in: text),
            availableMemory: bytes("MemAvailable:", in: text), processors: Int(max(1, clinux_processors())) * 1000)
        for group in groups { load.bound(by: group) }
        return load
    }

    /// `MemTotal:       16384000 kB`.
    private static func bytes(_ key: String, in text: String) -> UInt64? {
        let line = text.split(separator: "\n").first { $0.hasPrefix(key) }
        return line?.split(separator: " ").dropFirst().first.flatMap { UInt64($0) }.map { $0 * 1024 }
    }

    private mutating func bound(by group: String) {
        // "max 100000" without limit, or as many microseconds of so many.
        if let text = try? ProcFile.text("\(group)/cpu.max") {
            let numbers = text.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
            if numbers.count == 2, numbers[1] > 0 { processors = min(processors, numbers[0] * 1000 / numbers[1]) }
        }
        guard let limit = Self.number("\(group)/memory.max"), let used = Self.number("\(group)/memory.current") else {
            return
        }
        // What was read from files and not used lately goes when something else needs the room.
        let reclaimable = try? ProcFile.withBytes("\(group)/memory.stat") { $0.number(after: "inactive_file ") ?? 0 }
        let kept = used - min(used, reclaimable ?? 0)
        memory = min(memory ?? limit, limit)
        availableMemory = min(availableMemory ?? limit, limit - min(limit, kept))
    }

    private static func number(_ path: String) -> UInt64? {
        (try? ProcFile.withBytes(path) { $0.number(at: 0) }) ?? nil
    }
}

extension HostLoad.Pressure {
    /// `some avg10=1.53 avg60=0.87 avg300=0.73 total=1234` and a line of `full`.
    init?(file path: String) {
        guard let text = try? ProcFile.text(path) else { return nil }
        func thousandths(_ kind: String) -> Int? {
            let line = text.split(separator: "\n").first { $0.hasPrefix("\(kind) avg10=") }
            let percent = line?.dropFirst(kind.count + 7).prefix { $0 != " " }
            return percent.flatMap { Double($0) }.map { Int(($0 * 10).rounded()) }
        }
        guard let some = thousandths("some") else { return nil }
        self.init(some: some, full: thousandths("full"))
    }
}

/// How much room a file system has.
public struct FileSystemRoom: Hashable, Sendable {
    /// In bytes; available to users other than root.
    public var size: UInt64
    public var available: UInt64
    /// Files that it can hold at all; 0 where it has no fixed number.
    public var files: UInt64
    public var availableFiles: UInt64

    /// Of the file system that holds a path. Throws where there is none, or it is not to be seen.
    public static func of(_ path: String) throws(SystemError) -> FileSystemRoom {
        var status = statvfs()
        try checkLibc(statvfs(path, &status), "statvfs \(path)")
        let unit = UInt64(status.f_frsize)
        return FileSystemRoom(
            size: UInt64(status.f_blocks) * unit, available: UInt64(status.f_bavail) * unit,
            files: UInt64(status.f_files), availableFiles: UInt64(status.f_favail))
    }
}
