import Glibc
import Testing

@testable import LinuxRuntime

@Suite struct DescriptorTests {
    @Test func opensCloseOnExecOrSaysWhyNot() throws {
        let error = #expect(throws: SystemError.self) { _ = try Descriptor.open("/no/such", flags: O_RDONLY) }
        #expect(error?.description == "open /no/such: No such file or directory")
        let null = try Descriptor.open("/dev/null", flags: O_RDONLY)
        #expect(fcntl(null.number, F_GETFD) & FD_CLOEXEC != 0)
        #expect(SystemError.text(99_999) == "Unknown error")
    }

    @Test func aDescriptorIsClosedAtTheEndOfItsLife() throws {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        let reader = Descriptor(owning: ends[0])
        let writer = Descriptor(owning: ends[1])
        try reader.setNonBlocking()
        let copy = Descriptor(owning: fcntl(writer.number, F_DUPFD_CLOEXEC, 0))
        writer.close()
        var buffer: [UInt8] = [0]
        // Nothing there while the copy is open, and the end when it is not.
        #expect(try buffer.withUnsafeMutableBytes { try reader.read(into: $0) } == nil)
        copy.close()
        #expect(try buffer.withUnsafeMutableBytes { try reader.read(into: $0) } == 0)
    }
}
