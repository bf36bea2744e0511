import Glibc

/// Finds the stack's files where the command line names none: those of STACK_FILE, else `stack.yaml` or `stack.yml` in
/// the working directory or the nearest directory above it.
struct StackFileSearch: Sendable {
    var environment: [String: String]

    static let names = ["stack.yaml", "stack.yml"]

    /// The files to read.
    ///
    /// - Throws: `CommandFailure` that tells where files were looked for, where there is none.
    func files(named given: [String]) throws(CommandFailure) -> [String] {
        let files = given.isEmpty ? found() : given
        guard files.isEmpty else { return files }
        let place = workingDirectory() ?? "."
        throw CommandFailure(
            .invalidFile, "no stack file: there is no \(Self.names.joined(separator: " or ")) in \(place) or above",
            advice: "name one with -f FILE or STACK_FILE")
    }

    /// None where there is none.
    func found() -> [String] {
        let listed = (environment["STACK_FILE"] ?? "").split(separator: ":").map(String.init)
        guard listed.isEmpty else { return listed }
        if let here = Self.names.first(where: { access($0, F_OK) == 0 }) { return [here] }
        guard let start = workingDirectory() else { return [] }
        let candidates = Self.directories(above: start).flatMap { directory in Self.names.map { "\(directory)/\($0)" } }
        return candidates.first { access($0, F_OK) == 0 }.map { [$0] } ?? []
    }

    /// The directories above an absolute path, the nearest first, without a slash at their ends.
    static func directories(above path: String) -> [String] {
        var result: [String] = []
        var rest = path[...]
        while let slash = rest.lastIndex(of: "/") {
            rest = rest[..<slash]
            result.append(String(rest))
        }
        return result
    }
}
