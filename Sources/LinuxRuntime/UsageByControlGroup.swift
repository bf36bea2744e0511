import Glibc

extension ControlGroups {
    public func sampleUsage(of ids: [String]) -> @Sendable () -> [Usage?] {
        let directory = directory
        return {
            // The memory controller is there for all of them or for none.
            var hasMemoryAccount = true
            return ids.map { id in
                do throws(SystemError) {
                    return try Usage(ofGroup: "\(directory)/\(id)", &hasMemoryAccount)
                } catch {
                    // It has just gone, or nothing more can be opened.
                    return nil
                }
            }
        }
    }
}

extension Usage {
    fileprivate init(ofGroup path: String, _ hasMemoryAccount: inout Bool) throws(SystemError) {
        let group = try Descriptor.open(path, flags: O_RDONLY | O_DIRECTORY)
        // "usage_usec N" comes first. The kernel keeps this account without a controller, of the dead as well.
        let microseconds = try ProcFile.numbers(in: "cpu.stat", of: group.number).first ?? 0
        let members = try ControlGroup.members(of: group)
        let charged = hasMemoryAccount ? try? ProcFile.numbers(in: "memory.current", of: group.number).first : nil
        if charged == nil { hasMemoryAccount = false }
        self.init(
            cpuTime: .microseconds(Int64(clamping: microseconds)),
            memoryBytes: charged ?? ResidentMemory(of: members).bytes, processes: members.count)
    }
}
