import Glibc
public import StackModel

/// The stack file: from its bytes to a `StackSpec`, or to every fault in them.
public enum StackFile {
    /// What came of reading a stack's files.
    public struct LoadResult: Sendable {
        /// Nil where, and only where, there is an error among the diagnostics.
        public let spec: StackSpec?
        /// By file, in the order in which the files were given, then by place.
        public let diagnostics: [Diagnostic]
        /// The names of the environment variables that the files refer to, set or not: with these alone the same files
        /// load the same elsewhere.
        public let variables: Set<String>
        /// The absolute paths of all files that were read, included ones and files of variables as well.
        public let files: [String]

        /// The file with nothing left to be guessed; nil where there is no spec.
        public var resolved: ResolvedFile? { spec.map { ResolvedFile($0) } }
    }

    /// Reads the files of a stack, later ones over earlier ones, and everything that they refer to.
    ///
    /// - Parameters:
    ///   - files: paths; `-` is the standard input.
    ///   - environment: what `${VAR}` and variables without a value are filled from.
    ///   - profiles: those asked for; without any, `STACK_PROFILES` or `COMPOSE_PROFILES` of the environment names them.
    public static func load(
        files: [String], environment: [String: String], profiles: Set<String> = []
    ) -> LoadResult {
        let directory = getcwd(nil, 0)
        defer { free(directory) }
        return load(
            files: files, environment: environment, profiles: profiles, from: HostFileSystem(),
            in: directory.map { String(cString: $0) } ?? "/")
    }

    /// - Parameter workingDirectory: an absolute path, which the stack's directory is made absolute with.
    static func load(
        files: [String], environment: [String: String], profiles: Set<String> = [], from fileSystem: some FileSystem,
        in workingDirectory: String
    ) -> LoadResult {
        var loader = DocumentLoader(fileSystem: fileSystem, environment: environment, profiles: profiles)
        var document = loader.load(files: files)
        document.directory = Paths.join(workingDirectory, document.directory)
        document.files = document.files.filter { $0 != "-" }.map { Paths.join(workingDirectory, $0) }
        return resolve(
            document, files: files, zones: TimeZones(fileSystem: fileSystem, environment: environment))
    }

    /// A JSON Schema (draft 2020-12) of the stack file, for editors.
    public static var jsonSchema: String { Schema.json.text + "\n" }

    /// Tables of the stack file's keys, in Markdown.
    public static var reference: String { Schema.reference }
}
