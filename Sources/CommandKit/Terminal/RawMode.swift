import Glibc

/// A terminal that gives every byte as it is typed, unechoed and without meaning; set back where the owner ends.
struct RawMode: ~Copyable {
    private let descriptor: Int32
    private let original: termios

    /// - Throws: the errno of the terminal, ENOTTY where it is none.
    init(_ descriptor: Int32) throws(SystemError) {
        var settings = termios()
        guard tcgetattr(descriptor, &settings) == 0 else { throw SystemError("tcgetattr", errno: errno) }
        let original = settings
        cfmakeraw(&settings)
        guard Self.apply(settings, to: descriptor) else { throw SystemError("tcsetattr", errno: errno) }
        self.descriptor = descriptor
        self.original = original
    }

    deinit {
        // A shell that has taken the terminal back in the meantime has set it as it needs it.
        if tcgetpgrp(descriptor) == getpgrp() { _ = Self.apply(original, to: descriptor) }
    }

    /// After what was written has gone out, and without losing what was typed.
    private static func apply(_ settings: termios, to descriptor: Int32) -> Bool {
        var settings = settings
        while tcsetattr(descriptor, TCSADRAIN, &settings) != 0 {
            guard errno == EINTR else { return false }
        }
        return true
    }
}
