/// A regular expression that lines of output are searched for, on whichever thread.
public final class LogPattern: Sendable {
    private let regex: ExtendedRegex

    /// A POSIX extended regular expression (regex(7)); throws what is wrong with it, in words.
    public init(_ pattern: String) throws(ProbePatternError) {
        do throws(ProbeFailure) {
            regex = try ExtendedRegex(pattern)
        } catch {
            throw ProbePatternError(description: error.words)
        }
    }

    /// Whether any part of a line matches.
    func matches(_ line: UnsafeRawBufferPointer) -> Bool { regex.matches(line) }
}
