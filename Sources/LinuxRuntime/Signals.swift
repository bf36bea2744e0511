import CLinux
import Glibc

/// Signals as descriptors: blocked for every thread, then read by the loop.
public final class Signals {
    /// One signal that arrived.
    public struct Delivery: Hashable, Sendable {
        /// Its number.
        public var signal: Int32
        /// Who sent it; 0 for the kernel, and for a process outside of this one's namespace.
        public var sender: Int32
        /// Nobody sent it: it tells of a terminal that is gone, a child that ended, or the like.
        public var isFromKernel: Bool
    }

    private let loop: EventLoop
    private let descriptor: Descriptor
    private let handler: (Delivery) -> Void
    private var registration: EventLoop.Registration?

    /// Blocks signals for the calling thread and all that it will start: so it belongs at the top of `main`, because a
    /// thread from before that still takes them.
    public static func block(_ signals: [Int32]) throws(SystemError) {
        try check(clinux_block_signals(signals, signals.count), "block signals")
    }

    /// Calls `handler` on the loop for each of `signals`, which must be blocked. Several of one kind may become one.
    public init(_ signals: [Int32], on loop: EventLoop, handler: @escaping (Delivery) -> Void) throws(SystemError) {
        self.loop = loop
        self.handler = handler
        descriptor = Descriptor(owning: try check(clinux_signalfd(signals, signals.count), "signalfd"))
        registration = try loop.register(descriptor.number, for: .readable) { [unowned self] _ in receive() }
    }

    deinit {
        if let registration { loop.deregister(registration) }
    }

    private func receive() {
        // Level-triggered: what does not fit into one read is read in the next turn.
        withUnsafeTemporaryAllocation(of: signalfd_siginfo.self, capacity: 16) { buffer in
            let size = MemoryLayout<signalfd_siginfo>.size
            let count = Glibc.read(descriptor.number, buffer.baseAddress, buffer.count * size)
            for index in 0..<max(0, count / size) {
                let info = buffer[index]
                handler(
                    Delivery(
                        signal: Int32(info.ssi_signo), sender: Int32(bitPattern: info.ssi_pid),
                        isFromKernel: info.ssi_code == SI_KERNEL))
            }
        }
    }
}
