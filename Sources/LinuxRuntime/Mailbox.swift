import CLinux
import Glibc
import Synchronization

/// Messages from any thread to the owner of a loop, in their order. One wake-up stands for all that come before the
/// loop turns, and whoever posts never waits.
final class Mailbox<Message: Sendable>: Sendable {
    private let messages = Mutex<[Message]>([])
    private let signal: Descriptor

    init() throws(SystemError) {
        signal = Descriptor(owning: try check(clinux_eventfd(), "eventfd"))
    }

    func post(_ message: Message) {
        let isFirst = messages.withLock { messages in
            defer { messages.append(message) }
            return messages.isEmpty
        }
        if isFirst { wake() }
    }

    func post(contentsOf new: [Message]) {
        let isFirst = messages.withLock { messages in
            defer { messages += new }
            return messages.isEmpty
        }
        if isFirst, !new.isEmpty { wake() }
    }

    private func wake() {
        var one: UInt64 = 1
        // Cannot fail: the counter is far from full.
        _ = Glibc.write(signal.number, &one, MemoryLayout.size(ofValue: one))
    }

    /// Has the messages handed over on the loop, for as long as it runs.
    func deliver(
        on loop: EventLoop, to handler: @escaping ([Message]) -> Void
    ) throws(SystemError) -> EventLoop.Registration {
        try loop.register(signal.number, for: .readable) { [self] _ in
            var count: UInt64 = 0
            _ = Glibc.read(signal.number, &count, MemoryLayout.size(ofValue: count))
            // After the read: what is posted from here on wakes again, or is among these.
            let taken = messages.withLock { messages in
                defer { messages = [] }
                return messages
            }
            if !taken.isEmpty { handler(taken) }
        }
    }
}
