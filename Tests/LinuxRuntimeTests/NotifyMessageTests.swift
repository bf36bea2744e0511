import Testing

@testable import LinuxRuntime

@Suite struct NotifyMessageTests {
    private func parse(_ text: String) -> NotifyMessage { NotifyMessage(parsing: Array(text.utf8)) }

    @Test func readsEveryName() {
        let message = parse(
            """
            READY=1
            RELOADING=1
            STOPPING=1
            STATUS=Serving a=b
            EXTEND_TIMEOUT_USEC=34
            WATCHDOG=1
            FDSTORE=1
            """)
        var expected = NotifyMessage()
        expected.isReady = true
        expected.isReloading = true
        expected.isStopping = true
        expected.status = "Serving a=b"
        expected.extendTimeoutMicroseconds = 34
        expected.isAlive = true
        #expect(message == expected)
    }

    @Test func passesOverWhatItCannotRead() {
        #expect(
            parse("READY=0\nready=1\nMAINPID=5\nEXTEND_TIMEOUT_USEC=x\nWATCHDOG=2\n=\nnoise\n\n\u{0}")
                == NotifyMessage())
        #expect(parse("WATCHDOG=trigger").isBroken)
        #expect(NotifyMessage(parsing: [0xff, 0xfe, 0x3d, 0xff]) == NotifyMessage())
    }
}
