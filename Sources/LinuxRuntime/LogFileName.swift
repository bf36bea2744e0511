import Glibc

/// The names of the files of a log that were rotated away.
enum LogFileName {
    static let compressed = ".gz"
    /// What is being compressed; after a crash it is worth nothing.
    static let unfinished = ".gz.new"
    private static let digits = 12

    /// The file whose first line has this number.
    static func archive(of path: String, _ number: UInt64) -> String {
        let text = String(number)
        return "\(path).\(String(repeating: "0", count: max(0, digits - text.utf8.count)))\(text)"
    }

    /// What a file's name in the log directory says; nil where it is another's.
    static func parse(_ name: String) -> (log: String, kind: Kind)? {
        if name.hasSuffix(".log") { return (name, .present) }
        var rest = name[...]
        var kind: (UInt64) -> Kind = { .archive($0) }
        if rest.hasSuffix(unfinished) {
            rest = rest.dropLast(unfinished.utf8.count)
            kind = { _ in .unfinished }
        } else if rest.hasSuffix(compressed) {
            rest = rest.dropLast(compressed.utf8.count)
            kind = { .compressedArchive($0) }
        }
        guard let dot = rest.lastIndex(of: "."), rest[..<dot].hasSuffix(".log"),
            let number = UInt64(rest[rest.index(after: dot)...])
        else { return nil }
        return (String(rest[..<dot]), kind(number))
    }

    enum Kind: Hashable {
        case present
        case archive(UInt64)
        case compressedArchive(UInt64)
        case unfinished
    }

    /// The files of a log directory that were rotated away.
    struct Listing {
        /// The logs that have a present file.
        var logs: [String] = []
        /// By log, oldest first.
        var archives: [String: [UInt64]] = [:]
        var uncompressed: [String: [UInt64]] = [:]
        /// What a crash has left of a compression.
        var unfinished: [String] = []
    }

    static func list(_ directory: String) -> Listing {
        var listing = Listing()
        guard let opened = try? Descriptor.open(directory, flags: O_RDONLY | O_DIRECTORY),
            let names = try? ProcFile.names(in: opened)
        else { return listing }
        for name in names {
            guard let (log, kind) = parse(name) else { continue }
            switch kind {
            case .present: listing.logs.append(log)
            case .unfinished: listing.unfinished.append(name)
            case .compressedArchive(let number): listing.archives[log, default: []].append(number)
            case .archive(let number):
                listing.archives[log, default: []].append(number)
                listing.uncompressed[log, default: []].append(number)
            }
        }
        // For a moment, or after a crash, one is there in both forms.
        listing.archives = listing.archives.mapValues { Set($0).sorted() }
        listing.uncompressed = listing.uncompressed.mapValues { $0.sorted() }
        return listing
    }
}
