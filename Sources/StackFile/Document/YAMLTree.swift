/// What a tag says about merging: Compose's `!reset` and `!override`.
enum MergeTag {
    /// The value is taken out of what was merged so far.
    case reset
    /// The value takes the whole place of what was merged so far.
    case override
}

/// The documents of a YAML text, with anchors, aliases and merge keys resolved.
struct YAMLTree {
    var documents: [Node] = []
    /// The tags of the values that have one, by their places: a place has one value, and aliases of it share its tag.
    var tags: [SourceLocation: MergeTag] = [:]
    var diagnostics = DiagnosticList()
    /// What the documents weigh together.
    var weight = 0

    /// - Parameter weightLimit: a text whose tree would weigh more is refused at the value that is too much.
    init(_ source: SourceText, weightLimit: Int) {
        // libyaml takes no null pointer, as an empty buffer may have one.
        guard !source.bytes.isEmpty else { return }
        source.bytes.withUnsafeBufferPointer { bytes in
            do throws(Diagnostic) {
                let events = try YAMLEvents(bytes: bytes, of: source)
                var builder = YAMLTreeBuilder(events: events, weightLimit: weightLimit)
                defer { (tags, diagnostics, weight) = (builder.tags, builder.diagnostics, builder.weight) }
                while let document = try builder.document() {
                    guard documents.count < Limits.documents else {
                        throw Diagnostic(
                            at: document.location, "the file has more than \(Limits.documents) documents",
                            remedy: "remove lines that are `---`")
                    }
                    documents.append(document)
                }
            } catch {
                diagnostics.append(error)
                documents = []
            }
        }
    }
}

private struct YAMLTreeBuilder: ~Copyable {
    /// A value with what is needed to bound its copies.
    struct Built {
        var node: Node
        var weight = 1
        var height = 1
        /// The text of a scalar as it is written, which is what counts where it is a key; nil for anything else.
        var key: String?
    }

    enum Anchor {
        /// The value that has it is not complete yet.
        case open
        case complete(Built)
    }

    private var events: YAMLEvents
    private let weightLimit: Int
    private var anchors: [String: Anchor] = [:]
    private(set) var tags: [SourceLocation: MergeTag] = [:]
    private(set) var diagnostics = DiagnosticList()
    private(set) var weight = 0

    init(events: consuming YAMLEvents, weightLimit: Int) {
        self.events = events
        self.weightLimit = weightLimit
    }

    /// The next document; nil at the end of the text.
    mutating func document() throws(Diagnostic) -> Node? {
        while true {
            switch try events.next().kind {
            case .streamEnd:
                return nil
            case .documentStart:
                anchors = [:]
                return try build(try events.next(), depth: 1).node
            default:
                continue
            }
        }
    }

    private mutating func build(_ event: YAMLEvent, depth: Int) throws(Diagnostic) -> Built {
        guard depth <= Limits.depth else { throw Self.tooDeep(at: event.location) }
        if case .alias(let name) = event.kind { return try expand(name, at: event.location, depth: depth) }
        if let anchor = event.anchor { anchors[anchor] = .open }
        try charge(1, at: event.location)
        var built =
            switch event.kind {
            case .sequenceStart: try sequence(at: event.location, depth: depth)
            case .mappingStart: try mapping(at: event.location, depth: depth)
            case .scalar(let text, let isPlain): try scalar(text, isPlain: isPlain, at: event.location)
            default: throw Diagnostic(at: event.location, "a value is missing here")
            }
        if let tag = event.tag { apply(tag, to: &built.node) }
        if let anchor = event.anchor { anchors[anchor] = .complete(built) }
        return built
    }

    private mutating func expand(_ name: String, at location: SourceLocation, depth: Int) throws(Diagnostic) -> Built {
        switch anchors[name] {
        case .complete(let built):
            guard depth + built.height - 1 <= Limits.depth else { throw Self.tooDeep(at: location) }
            try charge(built.weight, at: location)
            return built
        case .open:
            throw Diagnostic(at: location, "the alias `*\(name)` stands inside of the value that it refers to")
        case nil:
            throw Diagnostic(
                at: location, "there is no anchor `&\(name)` before this alias",
                remedy: suggestion(for: name, among: anchors.keys.sorted()).map { "did you mean `*\($0)`?" })
        }
    }

    private mutating func scalar(_ text: String, isPlain: Bool, at location: SourceLocation) throws(Diagnostic) -> Built
    {
        let weight = Node.weight(ofText: text)
        try charge(weight - 1, at: location)
        let isNull = isPlain && ["", "~", "null", "Null", "NULL"].contains(text)
        let node = Node(isNull ? .null : .scalar(text, isQuoted: !isPlain), at: location)
        return Built(node: node, weight: weight, key: text)
    }

    private mutating func sequence(at location: SourceLocation, depth: Int) throws(Diagnostic) -> Built {
        var items: [Node] = []
        var result = Built(node: Node(.null, at: location))
        while true {
            let event = try events.next()
            if case .sequenceEnd = event.kind { break }
            let item = try build(event, depth: depth + 1)
            items.append(item.node)
            result.weight += item.weight
            result.height = max(result.height, item.height + 1)
        }
        result.node.content = .sequence(items)
        return result
    }

    private mutating func mapping(at location: SourceLocation, depth: Int) throws(Diagnostic) -> Built {
        var entries: [Node.Entry] = []
        var places: [String: SourceLocation] = [:]
        var inherited: [Node] = []
        var result = Built(node: Node(.null, at: location))
        while true {
            let event = try events.next()
            if case .mappingEnd = event.kind { break }
            let isMerge = if case .scalar("<<", isPlain: true) = event.kind { true } else { false }
            let key = try build(event, depth: depth + 1)
            let value = try build(try events.next(), depth: depth + 1)
            result.weight += value.weight
            result.height = max(result.height, value.height + 1)
            guard let name = checkedKey(key, at: event.location, places: places) else { continue }
            places[name] = event.location
            if isMerge {
                inherited = mergedMappings(of: value.node)
            } else {
                entries.append(Node.Entry(key: name, keyLocation: event.location, value: value.node))
            }
        }
        for mapping in inherited {
            for entry in mapping.entries where places[entry.key] == nil {
                places[entry.key] = entry.keyLocation
                entries.append(entry)
            }
        }
        result.node.content = .mapping(entries)
        return result
    }

    /// The text of a key; nil, with a fault, where it cannot be one or the mapping has it already.
    private mutating func checkedKey(
        _ key: Built, at location: SourceLocation, places: [String: SourceLocation]
    ) -> String? {
        guard let name = key.key else {
            diagnostics.error(
                at: location, "\(key.node.kind) cannot be a key", remedy: "write a plain text before the `:`")
            return nil
        }
        guard !name.isEmpty else {
            diagnostics.error(at: location, "the key is missing before `:`")
            return nil
        }
        if let first = places[name] {
            diagnostics.error(
                at: location, "duplicate key `\(name)`: it stands already at \(first)", remedy: "remove one of the two")
            return nil
        }
        return name
    }

    /// The value of a `<<`: a mapping, or a list of mappings of which earlier ones win.
    private mutating func mergedMappings(of value: Node) -> [Node] {
        let mappings = value.items
        guard !mappings.isEmpty, mappings.allSatisfy(\.isMapping) else {
            diagnostics.error(
                at: value.location, "`<<` takes a mapping or a list of mappings, and this is \(value.kind)",
                remedy: "refer to an anchor, as in `<<: *NAME`")
            return []
        }
        return mappings
    }

    private mutating func apply(_ tag: String, to node: inout Node) {
        switch (tag, node.content) {
        case ("!reset", _):
            tags[node.location] = .reset
        case ("!override", _):
            tags[node.location] = .override
        case ("!", _), ("tag:yaml.org,2002:map", .mapping), ("tag:yaml.org,2002:seq", .sequence),
            ("tag:yaml.org,2002:null", .null):
            break
        case ("tag:yaml.org,2002:str", .scalar(let text, _)):
            node.content = .scalar(text, isQuoted: true)
        case ("tag:yaml.org,2002:str", .null):
            node.content = .scalar("", isQuoted: true)
        case ("tag:yaml.org,2002:int", .scalar(let text, _)), ("tag:yaml.org,2002:float", .scalar(let text, _)),
            ("tag:yaml.org,2002:bool", .scalar(let text, _)):
            node.content = .scalar(text, isQuoted: false)
        default:
            let name = tag.hasPrefix("tag:yaml.org,2002:") ? "!!" + tag.dropFirst(18) : tag
            diagnostics.error(
                at: node.location, "the tag `\(name)` is not known, or not for \(node.kind)",
                remedy: "tags that files may use are `!reset` and `!override`")
        }
    }

    private mutating func charge(_ amount: Int, at location: SourceLocation) throws(Diagnostic) {
        weight += amount
        guard weight <= weightLimit else {
            throw Diagnostic(
                at: location, "the stack gets too large here: more than \(Limits.weight) values, aliases expanded",
                remedy: "check for anchors that multiply each other")
        }
    }

    private static func tooDeep(at location: SourceLocation) -> Diagnostic {
        Diagnostic(at: location, "this is nested more than \(Limits.depth) levels deep")
    }
}
