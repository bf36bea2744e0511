import CLinux
import Glibc

/// The cgroup of a unit that systemd leaves to the unit itself (`Delegate=yes`).
extension ControlGroupMount {
    /// The cgroup below the unit's that the daemon itself moves to. No other's has the name, so who is inside is the
    /// daemon, and its instances belong beside it.
    static let daemonGroup = "stackd-daemon"
    /// The controllers that make accounts of the instances and can limit them.
    static let usefulControllers: [Substring] = ["cpu", "memory", "pids", "io", "cpuset"]

    /// Moves this process out of its unit's cgroup into one below, where systemd has delegated the former, and hands
    /// the unit's controllers on. Changes nothing elsewhere.
    ///
    /// A cgroup whose children have controllers may hold no process itself, and systemd before 254 has no
    /// `DelegateSubgroup=`. `ownDirectory` stays the unit's cgroup.
    public func makeRoomInUnit() throws(SystemError) {
        guard isDelegated else { return }
        let group = "\(ownDirectory)/\(Self.daemonGroup)"
        if mkdir(group, 0o755) != 0, errno != EEXIST { throw SystemError.last("mkdir \(group)") }
        let directory = try Descriptor.open(group, flags: O_RDONLY | O_DIRECTORY)
        try ProcFile.write("0", to: "cgroup.procs", in: directory.number)
        Self.handOnControllers(of: ownDirectory)
    }

    /// Whether systemd has marked the cgroup as delegated: the attribute is root's, or the one that users may read.
    private var isDelegated: Bool {
        ["trusted.delegate", "user.delegate"].contains { name in
            var value: UInt8 = 0
            return getxattr(ownDirectory, name, &value, 1) == 1 && value == UInt8(ascii: "1")
        }
    }

    /// Enables for the children of a cgroup the controllers that it has; where the kernel refuses one, its accounts are
    /// missing, as on a host without it.
    static func handOnControllers(of directory: String) {
        guard let text = try? ProcFile.text("\(directory)/cgroup.controllers"),
            let handle = try? Descriptor.open(directory, flags: O_RDONLY | O_DIRECTORY)
        else { return }
        let offered = text.split(whereSeparator: \.isWhitespace)
        for controller in offered where usefulControllers.contains(controller) {
            try? ProcFile.write("+\(controller)", to: "cgroup.subtree_control", in: handle.number)
        }
    }
}
