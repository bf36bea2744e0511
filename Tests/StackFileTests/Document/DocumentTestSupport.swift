import Testing

@testable import StackFile

/// Files for one test.
struct MemoryFileSystem: FileSystem {
    var files: [String: [UInt8]]
    var links: [String: String] = [:]

    init(_ files: [String: String]) {
        self.files = files.mapValues { Array($0.utf8) }
    }

    func target(ofLink path: String) -> String? { links[path] }

    func readFile(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
        guard let bytes = files[path] else { throw .notFound }
        guard bytes.count <= limit else { throw .tooLarge(limit: limit) }
        return bytes
    }
}

/// Loads files, the first one being `stack.yaml` unless others are named.
func loadDocument(
    _ files: [String: String], _ names: [String] = ["stack.yaml"], environment: [String: String] = [:],
    profiles: Set<String> = []
) -> Document {
    var loader = DocumentLoader(
        fileSystem: MemoryFileSystem(files), environment: environment, profiles: profiles)
    return loader.load(files: names)
}

func loadDocument(_ text: String, environment: [String: String] = [:]) -> Document {
    loadDocument(["stack.yaml": text], environment: environment)
}

extension Document {
    /// Every fault as `LINE:COLUMN severity: message; remedy`, with the file where it is not `stack.yaml`.
    var faults: [String] {
        diagnostics.finished(with: sources).map { fault in
            let place = fault.location.map { location in
                (location.file == "stack.yaml" ? "" : location.file + ":") + "\(location.line):\(location.column) "
            }
            let remedy = fault.remedy.map { "; " + $0 } ?? ""
            return (place ?? "") + "\(fault.severity): " + fault.message + remedy
        }
    }

    /// The whole tree in a line.
    var text: String { root.flow }

    /// A service of it in a line.
    func service(_ name: String) -> String? { root["services"]?[name]?.flow }
}

extension Node {
    /// The tree in a line; quoted scalars have single quotes.
    var flow: String {
        switch content {
        case .null: "null"
        case .scalar(let text, let isQuoted): isQuoted ? "'\(text)'" : text
        case .sequence(let items): "[" + items.map(\.flow).joined(separator: ", ") + "]"
        case .mapping(let entries): "{" + entries.map { "\($0.key): \($0.value.flow)" }.joined(separator: ", ") + "}"
        }
    }
}
