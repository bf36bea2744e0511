import Glibc

/// A compiled POSIX extended regular expression, matched line by line as `grep -E` does: `^` and `$` are a line's ends,
/// and nothing but a newline itself matches one.
struct ExtendedRegex: ~Copyable, @unchecked Sendable {
    // @unchecked: regexec reads the compiled form only, from whichever thread (POSIX).

    private let compiled: UnsafeMutablePointer<regex_t>

    /// Compiles a pattern, or says in the C library's words what is wrong with it.
    init(_ pattern: String) throws(ProbeFailure) {
        let memory = UnsafeMutablePointer<regex_t>.allocate(capacity: 1)
        memory.initialize(to: regex_t())
        let status = regcomp(memory, pattern, REG_EXTENDED | REG_NOSUB | REG_NEWLINE)
        guard status == 0 else {
            let words = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
                regerror(status, memory, buffer.baseAddress, buffer.count)
                return buffer.baseAddress.map { String(cString: $0) } ?? ""
            }
            memory.deallocate()
            throw ProbeFailure("regular expression \(pattern): \(words)")
        }
        compiled = memory
    }

    deinit {
        regfree(compiled)
        compiled.deallocate()
    }

    /// Whether any part of the bytes matches; zero bytes among them are ordinary.
    borrowing func matches(_ bytes: UnsafeRawBufferPointer) -> Bool {
        // REG_STARTEND gives the length, so that the text needs neither a copy nor a terminator.
        var range = regmatch_t(rm_so: 0, rm_eo: regoff_t(clamping: bytes.count))
        var empty: CChar = 0
        guard let base = bytes.baseAddress else { return regexec(compiled, &empty, 1, &range, REG_STARTEND) == 0 }
        return regexec(compiled, base.assumingMemoryBound(to: CChar.self), 1, &range, REG_STARTEND) == 0
    }

    borrowing func matches(_ bytes: some Collection<UInt8>) -> Bool {
        bytes.withContiguousStorageIfAvailable { matches(UnsafeRawBufferPointer($0)) }
            ?? Array(bytes).withUnsafeBytes { matches($0) }
    }
}
