import Glibc
import Testing

@testable import LinuxRuntime

@Suite struct ServiceManagerTests {
    @Test(arguments: [
        (ServiceNotice.ready, "READY=1"),
        (.reloading, "RELOADING=1\nMONOTONIC_USEC=7000123"),
        (.stopping, "STOPPING=1"),
        (.status("2 of 3 services ready"), "STATUS=2 of 3 services ready"),
        (.extendTimeout(.milliseconds(2500)), "EXTEND_TIMEOUT_USEC=2500000"),
        (.extendTimeout(.seconds(-1)), "EXTEND_TIMEOUT_USEC=0"),
        (.alive, "WATCHDOG=1"),
        (.failure(errno: EBUSY), "ERRNO=16"),
    ])
    func saysItAsSystemdReadsIt(_ notice: ServiceNotice, _ text: String) {
        #expect(notice.assignments(at: MonotonicTime(nanoseconds: 7_000_123_456)) == text)
    }

    @Test func noStatusBeginsAnotherAssignment() {
        let notice = ServiceNotice.status("one\nREADY=1\r\ntwo")
        #expect(notice.assignments(at: .now) == "STATUS=one READY=1 two")
    }

    @Test func knowsTheJournalByItsSocket() throws {
        let directory = try TemporaryDirectory()
        let file = try Descriptor.open(directory.write("log", ""), flags: O_WRONLY)
        var status = stat()
        try checkLibc(fstat(file.number, &status), "fstat")
        let stream = "\(status.st_dev):\(status.st_ino)"
        #expect(ServiceManager.journalReads(file.number, stream: stream))
        // A descriptor that was redirected since is not the journal's, though the variable is still there.
        #expect(!ServiceManager.journalReads(file.number, stream: "\(status.st_dev):\(status.st_ino + 1)"))
        #expect(!ServiceManager.journalReads(file.number, stream: nil))
        #expect(!ServiceManager.journalReads(-1, stream: stream))
    }
}
