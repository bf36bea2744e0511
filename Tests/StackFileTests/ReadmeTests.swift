import Glibc
import StackFile
import Testing

@Suite struct ReadmeTests {
    /// The reference in the README is what the definitions say, so that it cannot fall behind them.
    @Test func theReferenceInTheReadmeIsThatOfTheDefinitions() throws {
        let readme = try read(repositoryFile: "README.md")
        let parts = readme.split(separator: "<!-- reference -->", maxSplits: 1)
        let reference = try #require(parts.last?.split(separator: "<!-- /reference -->").first)
        #expect(trimmed(String(reference)) == trimmed(StackFile.reference))
    }

    private func trimmed(_ text: String) -> [Substring] {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return Array(lines.drop { $0.isEmpty }.reversed().drop { $0.isEmpty }.reversed())
    }

    private func read(repositoryFile name: String, from path: String = #filePath) throws -> String {
        let root = path.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        let file = try #require(fopen("\(root)/\(name)", "r"))
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}
