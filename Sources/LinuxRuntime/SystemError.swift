import CLinux
import Glibc

/// A system call that failed: it reads as "open /x: No such file or directory".
public struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The error number, always positive.
    public var errno: Int32
    /// What was attempted, with the object of the attempt.
    public var operation: String

    /// Makes an error of an errno value.
    public init(errno: Int32, operation: String) {
        self.errno = errno
        self.operation = operation
    }

    /// The system's English sentence for the error number.
    public var reason: String { SystemError.text(errno) }

    public var description: String { "\(operation): \(reason)" }

    /// The system's English sentence for an error number.
    public static func text(_ errno: Int32) -> String { String(cString: clinux_error_text(errno)) }

    /// The error of a libc call that has just failed.
    public static func last(_ operation: @autoclosure () -> String) -> SystemError {
        let number = Glibc.errno  // before anything else can change it
        return SystemError(errno: number, operation: operation())
    }
}

/// Turns the result of a CLinux call, a value or -errno, into a value or an error.
@discardableResult
@inline(__always)
func check(_ result: Int32, _ operation: @autoclosure () -> String) throws(SystemError) -> Int32 {
    guard result >= 0 else { throw SystemError(errno: -result, operation: operation()) }
    return result
}

/// Turns the result of a libc call, a value or -1 with `errno` set, into a value or an error.
@discardableResult
@inline(__always)
public func checkLibc(_ result: Int32, _ operation: @autoclosure () -> String) throws(SystemError) -> Int32 {
    guard result >= 0 else { throw SystemError.last(operation()) }
    return result
}
