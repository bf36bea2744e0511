import CLinux
import Glibc

/// What the host offers to stackd, as `stackctl doctor` shows it.
public struct HostReport: Hashable, Sendable {
    /// What a fact means for running a stack.
    public enum Verdict: String, Hashable, Sendable {
        /// As it should be.
        case good
        /// It works, with less than it could.
        case limited
        /// stackd cannot run here.
        case bad
    }

    /// One thing that was looked at.
    public struct Fact: Hashable, Sendable {
        /// A stable name, for scripts.
        public var name: String
        public var verdict: Verdict
        /// What was found.
        public var finding: String
        /// What follows from it and what would help; nil when all is well.
        public var advice: String?
    }

    public var facts: [Fact]

    /// Looks at the host from the calling process's place in it. Changes nothing.
    public static func make() -> HostReport {
        let mount = ControlGroupMount.find()
        return HostReport(facts: [
            kernel(), pidfd(), controlGroups(mount), controlGroupKill(mount), controllers(mount), pressure(),
            openFiles(), acceptQueue(), haproxy(), systemd(),
        ])
    }

    private static func fact(_ name: String, _ verdict: Verdict, _ finding: String, _ advice: String? = nil) -> Fact {
        Fact(name: name, verdict: verdict, finding: finding, advice: advice)
    }

    private static func kernel() -> Fact {
        let release = line("/proc/sys/kernel/osrelease") ?? "unknown"
        let numbers = release.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
        let isNew = numbers.count == 2 && (numbers[0], numbers[1]) >= (5, 11)
        return isNew
            ? fact("kernel", .good, release)
            : fact("kernel", .bad, release, "stackd needs Linux 5.11 (clone3 into cgroups, close_range)")
    }

    private static func pidfd() -> Fact {
        let descriptor = clinux_pidfd_open(getpid())
        guard descriptor >= 0 else {
            return fact("pidfd", .bad, SystemError.text(-descriptor), "a sandbox may forbid pidfd_open")
        }
        defer { close(descriptor) }
        return fact("pidfd", .good, clinux_pidfd_inode(descriptor) == 0 ? "yes" : "yes, with inodes")
    }

    private static func controlGroups(_ mount: ControlGroupMount?) -> Fact {
        let fallback =
            "instances are contained by session and subreaper: a process that leaves its session and clears its "
            + "environment is only found when the stack ends"
        guard let mount else { return fact("cgroup", .limited, "no cgroup v2 mount", fallback) }
        let directory = mount.ownDirectory
        guard access(directory, W_OK) == 0, access("\(directory)/cgroup.procs", W_OK) == 0 else {
            let remedy = "a unit with Delegate=yes, or `systemd-run --user -p Delegate=yes`, gives stackd its own"
            return fact("cgroup", .limited, "\(directory) may not be written", "\(fallback); \(remedy)")
        }
        return fact("cgroup", .good, "\(directory) (mounted at \(mount.mountPoint))")
    }

    private static func controlGroupKill(_ mount: ControlGroupMount?) -> Fact {
        guard let mount else { return fact("cgroup.kill", .limited, "no cgroup v2 mount") }
        // The root has no such file; every other cgroup has it, or none has.
        let isRoot = access("\(mount.ownDirectory)/cgroup.type", F_OK) != 0
        let release = line("/proc/sys/kernel/osrelease")?.split { !$0.isNumber }.prefix(2).compactMap { Int($0) } ?? []
        let hasIt =
            isRoot
            ? release.count == 2 && (release[0], release[1]) >= (5, 14)
            : access("\(mount.ownDirectory)/cgroup.kill", F_OK) == 0
        return hasIt
            ? fact("cgroup.kill", .good, "yes")
            : fact("cgroup.kill", .limited, "no", "processes are killed one by one (Linux 5.14 kills a cgroup at once)")
    }

    private static func controllers(_ mount: ControlGroupMount?) -> Fact {
        let list = mount.flatMap { line("\($0.ownDirectory)/cgroup.controllers") } ?? ""
        let missing = ControlGroupMount.usefulControllers.filter { !list.split(separator: " ").contains($0) }
        guard !missing.isEmpty else { return fact("controllers", .good, list) }
        let finding = list.isEmpty ? "none" : list
        return fact("controllers", .limited, finding, "limits on \(missing.joined(separator: ", ")) cannot be set")
    }

    private static func openFiles() -> Fact {
        guard let limit = try? ResourceLimit.current(.nofile) else { return fact("nofile", .limited, "unknown") }
        let finding = "\(limit.soft), may be raised to \(limit.hard)"
        // A pidfd, two pipes, a log, a cgroup and its events for each instance, and some of its own.
        let instances = max(0, (Int(clamping: limit.hard) - 100) / 6)
        return instances >= 500
            ? fact("nofile", .good, finding)
            : fact("nofile", .limited, finding, "enough for about \(instances) instances; raise LimitNOFILE for more")
    }

    private static func acceptQueue() -> Fact {
        let value = line("/proc/sys/net/core/somaxconn").flatMap { Int32($0) } ?? 0
        return value >= ListenOptions.defaultBacklog
            ? fact("somaxconn", .good, String(value))
            : fact("somaxconn", .limited, String(value), "listeners ask for a queue of \(ListenOptions.defaultBacklog)")
    }

    private static func pressure() -> Fact {
        let missing = ["cpu", "memory", "io"].filter { HostLoad.Pressure(file: "/proc/pressure/\($0)") == nil }
        return missing.isEmpty
            ? fact("pressure", .good, "yes")
            : fact(
                "pressure", .limited, "not told of \(missing.joined(separator: ", "))",
                "a host under pressure does not hold back autoscaling; some kernels need psi=1 on their command line")
    }

    private static func haproxy() -> Fact {
        guard let program = SpawnRequest.findHAProxy(path: getenv("PATH").map { String(cString: $0) }) else {
            return fact("haproxy", .limited, "not found", "services with a route need it")
        }
        return fact("haproxy", .good, program)
    }

    private static func systemd() -> Fact {
        let isBooted = access("/run/systemd/system", F_OK) == 0
        return fact("systemd", .good, isBooted ? "runs this host" : "does not run this host")
    }

    private static func line(_ path: String) -> String? {
        (try? ProcFile.text(path))?.split(separator: "\n").first.map(String.init)
    }
}
