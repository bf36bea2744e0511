import LinuxRuntime
import StackModel
import SupervisorCore

/// The ports that instances bind themselves.
extension EffectInterpreter {
    /// - Parameters:
    ///   - slot: whose the automatic ones are, among those of the service.
    ///   - lane: which of the slot's instances that run at the same time.
    func ports(of spec: ServiceSpec, slot: Int, lane: Int = 0) throws(SpawnFailure) -> [String: UInt16] {
        var result: [String: UInt16] = [:]
        for port in spec.ports {
            switch port.assignment {
            case .fixed(let number):
                result[port.name] = number
            case .automatic:
                let key = PortAllocator.Key(service: spec.name.text, replica: slot, lane: lane, name: port.name)
                result[port.name] = try attempt("port") { () throws(SystemError) in
                    // A stranger may have taken it since the last instance, which has failed for that reason maybe:
                    // then this one gets another.
                    if !PortAllocator.isFree(try ports.port(for: key)) { ports.release(key) }
                    return try ports.port(for: key)
                }
            }
        }
        return result
    }

    func releasePorts(of spec: ServiceSpec, slot: Int) {
        for port in spec.ports {
            ports.release(PortAllocator.Key(service: spec.name.text, replica: slot, name: port.name))
        }
    }
}
