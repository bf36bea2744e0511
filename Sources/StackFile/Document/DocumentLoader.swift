import StackModel

/// Reads the files of a stack and everything that they refer to.
///
/// It makes one document: faults are collected, never thrown, and what a fault leaves of the files is still read, so
/// that one look shows all of them.
struct DocumentLoader {
    /// A set of files that are merged: the stack's own, or those of one `include`.
    struct Project {
        /// Where relative paths start from.
        var directory: String
        var variables: Variables
        /// The files that are being read, from the stack's first one to those of this project.
        var chain: [String]
        /// How many projects include each other to come to this one.
        var depth = 0
    }

    private let fileSystem: any FileSystem
    private let environment: [String: String]
    private let profiles: Set<String>

    var diagnostics = DiagnosticList()
    /// A file that many refer to is read once.
    private var sources = SourceTexts()
    var extendedFiles: [ExtendedFile: Scope] = [:]
    var resolvedServices: [ScopedService: Node] = [:]
    var scopes = 0
    private var tags: [SourceLocation: MergeTag] = [:]
    private var filesRead = 0
    /// The paths of those that there are.
    private var paths: [String] = []
    /// The variables whose value was asked for.
    var askedVariables: Set<String> = []
    private var weight = 0

    var merge: Merge { Merge(tags: tags) }

    /// - Parameters:
    ///   - environment: the process's own, which wins over the `.env` file.
    ///   - profiles: those asked for on the command line; without any, `STACK_PROFILES` or else `COMPOSE_PROFILES`
    ///     names them.
    init(fileSystem: some FileSystem, environment: [String: String], profiles: Set<String> = []) {
        self.fileSystem = fileSystem
        self.environment = environment
        self.profiles = profiles
    }

    /// All files merged as Compose merges them, later over earlier; faults are collected, never thrown.
    mutating func load(files: [String]) -> Document {
        let first = files.first ?? ""
        let directory = Paths.directory(of: first)
        var variables = Variables(environment: environment)
        variables.addDefaults(readDefaults(in: directory, variables))
        let project = Project(directory: directory, variables: variables, chain: files.map(Paths.normalized))
        let loaded = load(files.map { ($0, nil) }, of: project)
        var root = loaded ?? Node(.mapping([]), at: SourceLocation(file: first, line: 1, column: 1))
        removeInactiveServices(from: &root, active: activeProfiles(variables))
        return Document(
            root: root, directory: directory, diagnostics: diagnostics, sources: sources, variables: askedVariables,
            files: paths)
    }

    /// The files of a project as one tree; nil where none of them could be read.
    mutating func load(_ files: [(path: String, location: SourceLocation?)], of project: Project) -> Node? {
        var result: Node?
        for file in files {
            for var document in readDocuments(file.path, referredFrom: file.location, project.variables) {
                include(in: &document, project)
                resolveExtends(in: &document, file: file.path, earlier: result, project)
                let base = result ?? Node(.mapping([]), at: document.location)
                result = merge.root(base, with: document)
            }
        }
        guard var result else { return nil }
        result = merge.withoutResets(result)
        resolveEnvironment(in: &result, project)
        return result
    }

    private mutating func activeProfiles(_ variables: Variables) -> Set<String> {
        if !profiles.isEmpty { return profiles }
        askedVariables.formUnion(["STACK_PROFILES", "COMPOSE_PROFILES"])
        let names = variables["STACK_PROFILES"] ?? variables["COMPOSE_PROFILES"] ?? ""
        return Set(names.split(separator: ",").map { String($0.filter { $0 != " " }) })
    }

    /// The documents of a file, interpolated; each is a mapping.
    mutating func readDocuments(
        _ path: String, referredFrom location: SourceLocation?, _ variables: Variables
    ) -> [Node] {
        guard let source = readText(path, referredFrom: location) else { return [] }
        let tree = YAMLTree(source, weightLimit: Limits.weight - weight)
        weight += tree.weight
        tags.merge(tree.tags) { first, _ in first }
        diagnostics.append(contentsOf: tree.diagnostics)
        let start = SourceLocation(file: path, line: 1, column: 1)
        var documents: [Node] = []
        for document in tree.documents where !document.isNull {
            if document.isMapping {
                documents.append(interpolate(document, in: source, variables))
            } else {
                diagnostics.error(
                    at: document.location, "a stack file is a mapping, and this is \(document.kind)",
                    remedy: "begin with `services:`")
            }
        }
        if tree.documents.allSatisfy(\.isNull), !tree.diagnostics.hasErrors {
            diagnostics.error(at: start, "the file is empty", remedy: "begin with `services:`")
        }
        return documents
    }

    /// The text of a file; nil, with a fault, where there is none.
    ///
    /// - Parameters:
    ///   - location: where the file is named; nil for one that the command line names.
    ///   - isRequired: a file that need not be there is no fault when it is not.
    mutating func readText(
        _ path: String, referredFrom location: SourceLocation?, isRequired: Bool = true
    ) -> SourceText? {
        filesRead += 1
        guard filesRead <= Limits.files else {
            if filesRead == Limits.files + 1 {
                diagnostics.error(at: location, "the stack refers to more than \(Limits.files) files")
            }
            return nil
        }
        guard weight <= Limits.weight else { return nil }
        if let known = sources[path] { return known }
        do throws(FileError) {
            let bytes = try fileSystem.readFile(path, limit: Limits.fileSize)
            paths.append(path)
            return text(of: path, bytes)
        } catch {
            switch error {
            case .notFound:
                if isRequired { diagnostics.error(at: location, "there is no file `\(path)`") }
            case .tooLarge(let limit):
                diagnostics.error(at: location, "the file `\(path)` is larger than \(limit >> 20) MiB")
            case .unreadable(let reason):
                diagnostics.error(at: location, "the file `\(path)` cannot be read: \(reason)")
            }
            return nil
        }
    }

    private mutating func text(of path: String, _ bytes: [UInt8]) -> SourceText? {
        do throws(Diagnostic) {
            let text = try SourceText(file: path, bytes: bytes)
            sources.add(text)
            return text
        } catch {
            diagnostics.append(error)
            return nil
        }
    }

    /// The variables of the `.env` file in a directory, if there is one.
    mutating func readDefaults(in directory: String, _ variables: Variables) -> [EnvironmentFile.Variable] {
        readVariables(Paths.join(directory, ".env"), referredFrom: nil, isRequired: false) { variables[$0] }
    }

    mutating func readVariables(
        _ path: String, referredFrom location: SourceLocation?, isRequired: Bool = true,
        format: EnvironmentFile.Format = .standard, lookup: (String) -> String?
    ) -> [EnvironmentFile.Variable] {
        guard let source = readText(path, referredFrom: location, isRequired: isRequired),
            charge(source.bytes.count / 64, at: location ?? SourceLocation(file: path, line: 1, column: 1))
        else { return [] }
        var asked: Set<String> = []
        let file = EnvironmentFile(source, format: format, diagnostics: &diagnostics) { name in
            asked.insert(name)
            return lookup(name)
        }
        askedVariables.formUnion(asked)
        return file.variables
    }

    /// The text of a scalar for the loader's own use.
    mutating func plainText(_ scalar: String, at location: SourceLocation, as use: String) -> String {
        Template.plainText(of: scalar, at: location, as: use, into: &diagnostics)
    }

    /// Counts what was added to the trees; false, with a fault, where the stack has become too large.
    mutating func charge(_ amount: Int, at location: SourceLocation) -> Bool {
        let wasWithin = weight <= Limits.weight
        weight += amount
        if weight > Limits.weight, wasWithin {
            diagnostics.error(
                at: location, "the stack gets too large here: more than \(Limits.weight) values, extensions expanded")
        }
        return weight <= Limits.weight
    }
}
