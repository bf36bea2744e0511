import Glibc
import LinuxRuntime

/// A pipe whose other end somebody holds for as long as the stack is wanted: its end of file asks for the end.
final class Lifeline {
    private let descriptor: Descriptor
    private let loop: EventLoop
    private var registration: EventLoop.Registration?

    /// Takes over the descriptor.
    init(_ number: Int32, loop: EventLoop, onEnd: @escaping () -> Void) throws(SystemError) {
        guard fcntl(number, F_SETFD, FD_CLOEXEC) == 0 else { throw SystemError.last("lifeline \(number)") }
        descriptor = Descriptor(owning: number)
        self.loop = loop
        registration = try loop.register(number, for: .readable) { [unowned self] _ in
            var byte: UInt8 = 0
            guard Glibc.read(number, &byte, 1) == 0 else { return }
            if let registration { loop.deregister(registration) }
            registration = nil
            onEnd()
        }
    }
}
