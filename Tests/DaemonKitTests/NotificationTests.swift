import LinuxRuntime
import SupervisorCore
import Testing

@testable import DaemonKit

@Suite struct NotificationTests {
    @Test(arguments: [
        ("READY=1", [Notification.ready]), ("READY=0", []), ("STOPPING=1", [.stopping]), ("RELOADING=1", [.reloading]),
        ("WATCHDOG=1", [.watchdog]), ("WATCHDOG=trigger", [.broken]), ("FOO=bar", []),
        // More time comes before anything that could run out, whatever the order of the lines.
        ("READY=1\nSTATUS=warm\nEXTEND_TIMEOUT_USEC=2000000", [.extendTimeout(.seconds(2)), .status("warm"), .ready]),
    ])
    func eachVariableMeansOneThing(message: String, expected: [Notification]) {
        #expect(NotifyMessage(parsing: Array(message.utf8)).notifications == expected)
    }
}
