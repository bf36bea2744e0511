import Glibc
import Testing

@testable import LinuxRuntime

@Suite struct ResourceLimitTests {
    @Test func namesAreThoseOfCompose() {
        #expect(ResourceLimit.Resource.nofile.name == "nofile" && ResourceLimit.Resource.as.name == "as")
    }

    @Test func numbersAreTheKernels() {
        #expect(ResourceLimit.Resource.nofile.rawValue == Int32(RLIMIT_NOFILE.rawValue))
        #expect(ResourceLimit.Resource.stack.rawValue == Int32(RLIMIT_STACK.rawValue))
    }

    @Test func raisesTheNumberOfOpenFilesToTheHardLimit() throws {
        let before = try ResourceLimit.current(.nofile)
        let returned = try ResourceLimit.raiseOpenFiles()
        #expect(returned.hard == before.hard)
        #expect(try ResourceLimit.current(.nofile).soft == before.hard)
    }
}
