import ControlProtocol
import FoundationEssentials
import Glibc
import StackModel

/// `stackd doctor`: the checks of a host on which no daemon runs.
enum HostChecks {
    static func run(executable: String) async throws -> [DoctorCheck] {
        let pipe = try Descriptor.pipe()
        let process = try start(executable, output: pipe.writing.number)
        let answer = try readToEnd(of: pipe.closingWritingEnd())
        let ending = await process.exit()
        do {
            return try WireFormat.decode([DoctorCheck].self, from: Data(answer))
        } catch {
            throw CommandFailure(.failed, "\(executable) doctor \(ending) without an answer")
        }
    }

    private static func start(_ executable: String, output: Int32) throws(SystemError) -> ChildProcess {
        let null = try Descriptor.open("/dev/null", O_RDONLY)
        return try ChildProcess(
            executable: executable, arguments: ["doctor", "--output", "json"],
            descriptors: [0: null.number, 1: output, 2: STDERR_FILENO])
    }

    /// More than any list of checks takes.
    private static let limit = 1 << 20

    /// Nothing else is to be done meanwhile, so the reads may block.
    private static func readToEnd(of descriptor: consuming Descriptor) throws(SystemError) -> [UInt8] {
        var result: [UInt8] = []
        while result.count < limit {
            let bytes = try descriptor.read(limit: 4096)
            if bytes.isEmpty { break }
            result += bytes
        }
        return result
    }
}
