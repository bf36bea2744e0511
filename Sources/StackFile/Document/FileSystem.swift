/// Where the files of a stack come from; tests put one in memory in its place.
protocol FileSystem: Sendable {
    /// The bytes of a file, at most `limit`; longer ones are refused, not cut.
    func readFile(_ path: String, limit: Int) throws(FileError) -> [UInt8]
}

/// Why a file could not be read.
enum FileError: Error, Hashable, Sendable {
    case notFound
    case tooLarge(limit: Int)
    /// Any other reason, in words: `permission denied`.
    case unreadable(String)
}
