import Glibc

/// Where the host has its cgroup v2 hierarchy, and where in it the calling process is.
public struct ControlGroupMount: Hashable, Sendable {
    /// The mount point: /sys/fs/cgroup, or /sys/fs/cgroup/unified on a hybrid host.
    public var mountPoint: String
    /// The directory of the calling process's cgroup, or of its unit's once it has made room there.
    public var ownDirectory: String

    /// The own directory and those above it, but for the root, which has no limits.
    var ancestors: [String] {
        var directories: [String] = []
        var directory = ownDirectory[...]
        while directory.count > mountPoint.count, let slash = directory.lastIndex(of: "/") {
            directories.append(String(directory))
            directory = directory[..<slash]
        }
        return directories
    }

    /// Finds both; nil when there is no cgroup v2 mount, or none that shows the caller's cgroup.
    public static func find() -> ControlGroupMount? {
        guard let mounts = try? ProcFile.text("/proc/self/mountinfo"),
            let groups = try? ProcFile.text("/proc/self/cgroup")
        else { return nil }
        return ControlGroupMount(mountInfo: mounts, groups: groups)
    }

    /// Reads both from the texts of /proc/self/mountinfo and /proc/self/cgroup.
    init?(mountInfo: String, groups: String) {
        let own = groups.split(separator: "\n").first { $0.hasPrefix("0::") }?.dropFirst(3)
        guard let own, !own.hasPrefix("/..") else { return nil }  // outside of the namespace's root: not visible
        for line in mountInfo.split(separator: "\n") {
            // "36 35 98:0 /root /mount options [optional…] - type source super": the type follows the lone "-".
            let fields = line.split(separator: " ")
            guard let dash = fields.firstIndex(of: "-"), dash + 1 < fields.count, dash > 4,
                fields[dash + 1] == "cgroup2"
            else { continue }
            let root = ControlGroupMount.unescape(fields[3])
            guard let below = ControlGroupMount.path(String(own), below: root) else { continue }
            mountPoint = ControlGroupMount.unescape(fields[4])
            let directory = below.isEmpty ? mountPoint : "\(mountPoint)/\(below)"
            let leaf = "/\(ControlGroupMount.daemonGroup)"
            ownDirectory = directory.hasSuffix(leaf) ? String(directory.dropLast(leaf.count)) : directory
            return
        }
        return nil
    }

    private static func path(_ path: String, below root: String) -> String? {
        if root == "/" { return String(path.drop { $0 == "/" }) }
        if path == root { return "" }
        return path.hasPrefix(root + "/") ? String(path.dropFirst(root.count + 1)) : nil
    }

    /// mountinfo writes space, tab, newline and backslash as three octal digits.
    private static func unescape(_ field: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(field.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), rest.count >= 3,
                let value = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
            {
                bytes.append(value)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
