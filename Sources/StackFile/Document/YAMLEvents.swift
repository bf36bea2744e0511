import CLibYAML

/// One event of a YAML document, with where it begins.
struct YAMLEvent {
    enum Kind {
        case streamStart
        case streamEnd
        case documentStart
        case documentEnd
        case alias(String)
        case scalar(String, isPlain: Bool)
        case sequenceStart
        case sequenceEnd
        case mappingStart
        case mappingEnd
    }

    var kind: Kind
    var anchor: String?
    var tag: String?
    var location: SourceLocation
}

/// The events of a YAML text, as libyaml finds them.
struct YAMLEvents: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let source: SourceText

    /// - Parameter bytes: those of the source; they must outlive the events.
    init(bytes: UnsafeBufferPointer<UInt8>, of source: SourceText) throws(Diagnostic) {
        self.source = source
        parser = .allocate(capacity: 1)
        guard yaml_parser_initialize(parser) == 1 else {
            parser.deallocate()
            throw Diagnostic(at: nil, "\(source.file): out of memory")
        }
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    /// The next event; after the end of the stream, the end again.
    ///
    /// - Throws: the fault of a text that is no YAML; there are no further events then.
    mutating func next() throws(Diagnostic) -> YAMLEvent {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw fault() }
        defer { yaml_event_delete(&event) }
        let place = location(event.start_mark)
        switch event.type {
        case YAML_STREAM_START_EVENT:
            return YAMLEvent(kind: .streamStart, location: place)
        case YAML_DOCUMENT_START_EVENT:
            return YAMLEvent(kind: .documentStart, location: place)
        case YAML_DOCUMENT_END_EVENT:
            return YAMLEvent(kind: .documentEnd, location: place)
        case YAML_ALIAS_EVENT:
            return YAMLEvent(kind: .alias(text(event.data.alias.anchor) ?? ""), location: place)
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let value = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            return YAMLEvent(
                kind: .scalar(String(decoding: value, as: UTF8.self), isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE),
                anchor: text(scalar.anchor), tag: text(scalar.tag), location: place)
        case YAML_SEQUENCE_START_EVENT:
            let start = event.data.sequence_start
            return YAMLEvent(kind: .sequenceStart, anchor: text(start.anchor), tag: text(start.tag), location: place)
        case YAML_SEQUENCE_END_EVENT:
            return YAMLEvent(kind: .sequenceEnd, location: place)
        case YAML_MAPPING_START_EVENT:
            let start = event.data.mapping_start
            return YAMLEvent(kind: .mappingStart, anchor: text(start.anchor), tag: text(start.tag), location: place)
        case YAML_MAPPING_END_EVENT:
            return YAMLEvent(kind: .mappingEnd, location: place)
        default:
            return YAMLEvent(kind: .streamEnd, location: place)
        }
    }

    private func text(_ characters: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        characters.map { String(cString: $0) }
    }

    private func location(_ mark: yaml_mark_t) -> SourceLocation {
        source.location(line: mark.line + 1, column: mark.column + 1)
    }

    /// libyaml's fault in words for someone who does not know YAML's grammar.
    private func fault() -> Diagnostic {
        let state = parser.pointee
        guard state.error != YAML_MEMORY_ERROR, let problem = state.problem.map({ String(cString: $0) }) else {
            return Diagnostic(at: nil, "\(source.file): out of memory")
        }
        if state.error == YAML_READER_ERROR {
            return Diagnostic(
                at: source.location(atOffset: state.problem_offset), "this character is not allowed in YAML")
        }
        let context = state.context.map { String(cString: $0) }
        if context == "while scanning a quoted scalar", problem == "found unexpected end of stream" {
            return Diagnostic(at: location(state.context_mark), "the quote that opens here is not closed")
        }
        let place = location(state.problem_mark)
        switch problem {
        case "found character that cannot start any token":
            return Diagnostic(
                at: place, "no value can begin with this character",
                remedy:
                    "indent with spaces, not with tabs, and put a text that begins with a special character in quotes")
        case "found a tab character that violates indentation",
            "found a tab character where an indentation space is expected":
            return Diagnostic(at: place, "a tab stands in the indentation", remedy: "indent with spaces")
        case "mapping values are not allowed in this context":
            return Diagnostic(
                at: place, "a `:` is not allowed here",
                remedy: "check the indentation, and put a text that contains `: ` in quotes")
        case "did not find expected key", "did not find expected '-' indicator":
            return Diagnostic(
                at: place, "this does not fit what begins in line \(state.context_mark.line + 1)",
                remedy: "check the indentation, and that quotes and brackets are closed")
        case "did not find expected <document start>":
            return Diagnostic(
                at: place, "this does not fit what stands before it",
                remedy: "check the indentation, and that quotes and brackets are closed")
        case "did not find expected node content":
            return Diagnostic(at: place, "a value is missing before this")
        case "did not find expected ',' or ']'", "did not find expected ',' or '}'":
            return Diagnostic(
                at: place, "the bracket that opens in line \(state.context_mark.line + 1) is not closed before this",
                remedy: "separate entries by commas, and close the bracket")
        case "could not find expected ':'":
            return Diagnostic(at: place, "a key is not followed by `:`", remedy: "write `KEY: VALUE`")
        default:
            return Diagnostic(at: place, "this is not valid YAML: \(problem)" + (context.map { " \($0)" } ?? ""))
        }
    }
}
