import LinuxRuntime
import StackModel

/// What of the limits in a stack's files will not hold, or promises more than there is.
struct LimitWarnings {
    /// What this host cannot enforce, and why.
    var unenforceable: [UnenforcedLimit]
    var host: HostLoad

    /// Each in a sentence, services in the order of their names.
    func warnings(for services: [ServiceSpec]) -> [String] {
        services.compactMap(unenforced) + tooMuch(services)
    }

    private func unenforced(of spec: ServiceSpec) -> String? {
        let limits = ControlGroupLimits(spec.resources)
        let missing = unenforceable.filter { limits.names($0.resource) }
        return missing.isEmpty ? nil : "\(spec.name): this host does not enforce \(missing.words)"
    }

    /// By the numbers of the file: what the autoscaler adds, it adds only where there is room.
    private func tooMuch(_ services: [ServiceSpec]) -> [String] {
        var warnings: [String] = []
        let cpus = services.reduce(0) { $0 + ($1.resources.cpus?.thousandths ?? 0) * $1.replicas }
        if cpus > host.processors {
            warnings.append(
                "the limits of all replicas add up to \(Thousandths.text(cpus)) cpus, and the host has "
                    + Thousandths.text(host.processors))
        }
        let memory = services.reduce(ByteCount(Int64(0))) { sum, spec in
            let limit = (spec.resources.memory?.bytes ?? 0).multipliedReportingOverflow(by: Int64(spec.replicas))
            let total = sum.bytes.addingReportingOverflow(limit.overflow ? .max : limit.partialValue)
            return ByteCount(total.overflow ? .max : total.partialValue)
        }
        if let present = host.memory.map({ ByteCount($0) }), memory > present {
            warnings.append(
                "the limits of all replicas add up to \(memory.approximateText) of memory, and the host has "
                    + present.approximateText)
        }
        return warnings
    }
}
