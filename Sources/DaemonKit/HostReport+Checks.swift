import ControlProtocol
import LinuxRuntime

extension HostReport {
    /// What the host offers, and what that makes of this stack's containment.
    static func checks(_ containments: StackContainments) -> [DoctorCheck] {
        let containment =
            containments.fallbackReason.map { reason in
                DoctorCheck(
                    name: "containment", level: .warning,
                    finding: "instances are contained by session and subreaper, not by cgroups: \(reason)",
                    remedy: "run stackd as root, or in a unit with Delegate=yes")
            } ?? DoctorCheck(name: "containment", level: .ok, finding: "each instance has a cgroup of its own")
        return [containment] + checks()
    }

    /// What the host offers.
    static func checks() -> [DoctorCheck] {
        make().facts.map { fact in
            DoctorCheck(
                name: fact.name, level: DoctorCheck.Level(fact.verdict), finding: fact.finding, remedy: fact.advice)
        }
    }
}

extension DoctorCheck.Level {
    fileprivate init(_ verdict: HostReport.Verdict) {
        self =
            switch verdict {
            case .good: .ok
            case .limited: .warning
            case .bad: .error
            }
    }
}
