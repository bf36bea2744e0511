import Synchronization

/// A regular expression that lines of output are searched for, on whichever thread.
///
/// The C library remembers every state of its automaton that a search came by, and some expressions have billions; so
/// the expression is compiled anew after so many lines.
public final class LogPattern: Sendable {
    private static let linesPerCompilation = 200

    private struct Compiled: ~Copyable {
        var regex: ExtendedRegex
        var lines = 0
    }

    private let pattern: String
    private let compiled: Mutex<Compiled>

    /// A POSIX extended regular expression (regex(7)); throws what is wrong with it, in words.
    public init(_ pattern: String) throws(ProbePatternError) {
        self.pattern = pattern
        do throws(ProbeFailure) {
            compiled = Mutex(Compiled(regex: try ExtendedRegex(pattern)))
        } catch {
            throw ProbePatternError(description: error.words)
        }
    }

    /// Whether any part of a line matches.
    func matches(_ line: UnsafeRawBufferPointer) -> Bool {
        compiled.withLock { compiled in
            compiled.lines += 1
            if compiled.lines > Self.linesPerCompilation, let fresh = try? ExtendedRegex(pattern) {
                compiled.regex = fresh
                compiled.lines = 0
            }
            return compiled.regex.matches(line)
        }
    }
}
