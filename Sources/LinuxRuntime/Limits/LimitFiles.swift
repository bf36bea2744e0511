import Glibc

/// The files of a cgroup that hold its limits, in any directory.
struct LimitFiles {
    /// What they say; nil where that is not known, as those of an earlier daemon's cgroup.
    private var present: ControlGroupLimits?
    /// What could not be written, and is as it was.
    private var refused: Set<LimitedResource> = []

    init(present: ControlGroupLimits?) {
        self.present = present
    }

    /// Makes them say what the limits say, and writes no file that does.
    mutating func write(_ limits: ControlGroupLimits, in directory: Int32) -> [UnenforcedLimit] {
        var unenforced: [UnenforcedLimit] = []
        for resource in LimitedResource.allCases {
            let settings = limits.settings(of: resource)
            if settings == present?.settings(of: resource), !refused.contains(resource) { continue }
            if let reason = Self.write(settings, of: resource, in: directory) {
                refused.insert(resource)
                // Where the kernel cannot limit, there is none to take back.
                if limits.names(resource) { unenforced.append(UnenforcedLimit(resource, because: reason)) }
            } else {
                refused.remove(resource)
            }
        }
        present = limits
        return unenforced
    }

    /// Why one of them is not as it should be, in words; nil where all are.
    private static func write(
        _ settings: [ControlGroupLimits.Setting], of resource: LimitedResource, in directory: Int32
    ) -> String? {
        var isWritten = false
        for setting in settings {
            do throws(SystemError) {
                // Without waiting: to shrink what is in use takes the kernel its time (Linux 6.16).
                try ProcFile.write("\(setting.text)\n", to: setting.file, in: directory, flags: O_NONBLOCK)
                isWritten = true
            } catch {
                // Weights have two files, of which a kernel has one, both or none.
                if error.errno == ENOENT { continue }
                return "the kernel refuses \(setting.text) for \(setting.file): \(error.reason)"
            }
        }
        guard isWritten else {
            return absence(of: resource, controllers: names(in: "cgroup.controllers", of: directory))
        }
        return resource == .cpuset ? processorsObstacle(in: directory) : nil
    }

    /// The kernel takes any list, and where none of it can be had it gives what the others have.
    private static func processorsObstacle(in directory: Int32) -> String? {
        guard let wanted = try? ProcFile.text("cpuset.cpus", in: directory),
            let given = try? ProcFile.text("cpuset.cpus.effective", in: directory)
        else { return nil }
        let processors = numbers(listed: wanted, as: Int.self)
        guard !processors.isEmpty, processors.isDisjoint(with: numbers(listed: given, as: Int.self)) else { return nil }
        return "none of these processors can be had"
    }

    /// Which resources cannot be limited in the children of a cgroup.
    static func unenforceable(inChildrenOf directory: Int32) -> [UnenforcedLimit] {
        let controllers = names(in: "cgroup.subtree_control", of: directory)
        return LimitedResource.allCases.compactMap { resource in
            // What its children can have, it has.
            let files = ControlGroupLimits().settings(of: resource).map(\.file)
            if controllers.contains(resource.controller[...]),
                files.contains(where: { faccessat(directory, $0, F_OK, 0) == 0 })
            {
                return nil
            }
            return UnenforcedLimit(resource, because: absence(of: resource, controllers: controllers))
        }
    }

    private static func absence(of resource: LimitedResource, controllers: Set<Substring>) -> String {
        guard controllers.contains(resource.controller[...]) else { return "no \(resource.controller) controller" }
        let files = ControlGroupLimits().settings(of: resource).map(\.file)
        return "the kernel has no \(files.joined(separator: " or "))"
    }

    private static func names(in file: String, of directory: Int32) -> Set<Substring> {
        Set(((try? ProcFile.text(file, in: directory)) ?? "").split(whereSeparator: \.isWhitespace))
    }
}
