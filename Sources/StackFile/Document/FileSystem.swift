/// Where the files of a stack come from; tests put one in memory in its place.
protocol FileSystem: Sendable {
    /// The bytes of a file, at most `limit`; longer ones are refused, not cut.
    func readFile(_ path: String, limit: Int) throws(FileError) -> [UInt8]
    /// Where a symbolic link leads, as it says itself; nil for what is none.
    func target(ofLink path: String) -> String?
}

/// Why a file could not be read.
enum FileError: Error, Hashable, Sendable {
    case notFound
    case tooLarge(limit: Int)
    /// Any other reason, in words: `permission denied`.
    case unreadable(String)
}
