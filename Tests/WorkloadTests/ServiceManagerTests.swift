import Glibc
import Testing

@testable import WorkloadKit

@Suite struct ServiceManagerTests {
    /// A supervisor's end of NOTIFY_SOCKET, on an address that the kernel makes up.
    private struct Supervisor: ~Copyable {
        let descriptor: CInt
        let address: String

        init() {
            descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue), 0)
            var own = sockaddr_un()
            own.sun_family = sa_family_t(AF_UNIX)
            var length = socklen_t(MemoryLayout<sockaddr_un>.size)
            let fd = descriptor
            let name: [UInt8] = withUnsafeMutablePointer(to: &own) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    // Binding only the family asks the kernel for an abstract name (unix(7), autobind).
                    bind(fd, $0, socklen_t(MemoryLayout<sa_family_t>.size))
                    getsockname(fd, $0, &length)
                }
                return withUnsafeBytes(of: pointer.pointee.sun_path) { path in
                    Array(path.prefix(Int(length) - MemoryLayout<sa_family_t>.size))
                }
            }
            address = "@" + String(decoding: name.dropFirst(), as: UTF8.self)
        }

        deinit { close(descriptor) }

        func receive() -> String {
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = recv(descriptor, &buffer, buffer.count, CInt(MSG_DONTWAIT))
            return count < 0 ? "" : String(decoding: buffer[..<count], as: UTF8.self)
        }
    }

    @Test func messagesReachAnAbstractSocket() {
        let supervisor = Supervisor()
        let manager = ServiceManager(notifySocket: supervisor.address)
        manager.ready(status: "serving")
        #expect(supervisor.receive() == "READY=1\nSTATUS=serving")
        manager.stopping(status: "draining")
        #expect(supervisor.receive() == "STOPPING=1\nSTATUS=draining")
    }

    @Test func aStatusIsOneLineWhateverItSays() {
        let supervisor = Supervisor()
        ServiceManager(notifySocket: supervisor.address).status("down\nREADY=1")
        #expect(supervisor.receive() == "STATUS=down READY=1")
    }

    @Test(arguments: [nil, "", "@", "relative", "/nowhere/at/all", "/" + String(repeating: "x", count: 200)])
    func aSupervisorThatIsNotThereIsNoError(address: String?) {
        ServiceManager(notifySocket: address).ready(status: "serving")
    }
}
