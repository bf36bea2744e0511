import StackModel

extension StackFile {
    /// From the tree of a stack's files to its spec.
    static func resolve(_ document: Document, files: [String], zones: TimeZones) -> LoadResult {
        var report = Report(document.diagnostics, zones: zones)
        let spec = spec(of: document, report: &report)
        let diagnostics = report.diagnostics.sorted(by: files, with: document.sources)
        return LoadResult(
            spec: report.diagnostics.hasErrors ? nil : spec, diagnostics: diagnostics, variables: document.variables,
            files: document.files)
    }

    private static func spec(of document: Document, report: inout Report) -> StackSpec? {
        // Where no file could be read, whatever may be said of its content is noise.
        let isUnread = document.root.entries.isEmpty && report.diagnostics.hasErrors
        report.secrets = SecretFiles(document.root["secrets"], in: document.directory, report)
        guard !isUnread, let draft = Definition<StackDraft>.stack.read(document.root, "the file", &report) else {
            return nil
        }
        let name = name(of: document, draft: draft, report: &report)
        let services = document.root["services"]
        if services.map({ $0.isMapping && $0.entries.allSatisfy { $0.key.hasPrefix("x-") } }) ?? true {
            report.error(
                at: (services ?? document.root).location, "there is no service",
                remedy: "add one: `services: {web: {command: [./web]}}`, or ask for the profile of one")
        }
        return draft.resolved(name: name ?? "", directory: document.directory, report: &report)
    }

    private static func name(of document: Document, draft: StackDraft, report: inout Report) -> String? {
        if let name = draft.name?.value ?? StackName.normalized(document.directory.split(separator: "/").last ?? "") {
            return name
        }
        if document.root["name"] == nil {
            report.error(
                at: document.root.location, "the stack has no name, and its directory gives none",
                remedy: "add `name: …`")
        }
        return nil
    }
}

extension DiagnosticList {
    /// The faults for people, by file and place; those without a place come first, what was left out last.
    fileprivate func sorted(by files: [String], with sources: SourceTexts) -> [Diagnostic] {
        let ranks = Dictionary(files.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        func isBefore(_ left: Diagnostic, _ right: Diagnostic) -> Bool {
            guard let first = left.location, let second = right.location else {
                return left.location == nil && right.location != nil
            }
            let (firstRank, secondRank) = (ranks[first.file] ?? files.count, ranks[second.file] ?? files.count)
            return (firstRank, first.file, first.line, first.column, left.message) < (
                secondRank, second.file, second.line, second.column, right.message
            )
        }
        let all = finished(with: sources)
        return all.prefix(kept.count).sorted(by: isBefore) + all.dropFirst(kept.count)
    }
}
