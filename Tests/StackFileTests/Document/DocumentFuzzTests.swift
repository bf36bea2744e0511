import StackModel
import Testing

@testable import StackFile

/// SplitMix64 (Steele, Lea and Flood, 2014): the same seed makes the same case on every machine.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}

@Suite struct DocumentFuzzTests {
    private static let files = [
        "stack.yaml": """
        name: shop
        x-defaults: &defaults {restart: always, environment: &env {A: "1", B: "${B:-b}"}}
        include: [{path: other.yaml, env_file: base.env}, part/stack.yaml]
        services:
          db: &db
            <<: *defaults
            command: [postgres, -D, "${state_dir}/pg", -k, "${run_dir}"]
            env_file: [base.env, {path: none.env, required: false}]
          web:
            extends: {file: part/base.yaml, service: base}
            command: !override
              - ./web
              - |
                text $$ with ${OUT} and ${port.http}
            ports: !reset {}
            depends_on: [db, cache]
          spare: {<<: [*db, *defaults], profiles: [spare], depends_on: {web: {condition: service_healthy}}}
        """,
        "other.yaml":
            "services:\n  cache: {command: 'redis $EXTRA', environment: [OUT, 'X=${A:+y}']}\n---\nservices: {more: {extends: cache}}\n",
        "part/stack.yaml": "services: {part: {working_dir: w, listen: {a: 'unix:s'}, probes: {liveness: {unix: s}}}}\n",
        "part/base.yaml":
            "services: {base: {extends: root, ports: {http: auto}, env_file: base.env}, root: {working_dir: r}}\n",
        "part/base.env": "A=1\n", "base.env": "# c\nexport EXTRA=\"a\\n$OUT\"\nQ='it\\'s'\n", ".env": "B=${OUT}-x\n",
    ]

    private static let tokens: [[UInt8]] =
        [
            "$", "${", "}", "$$", "${A:-", "${A:?", "${port.", "${replica.index}", "&a ", "*a", "*db", "<<: ",
            "<<: *db", "!reset ",
            "!override ", "!!str ", "- ", ": ", ", ", "[", "]", "{", "}", "\"", "'", "|\n", ">-\n", "---\n", "...\n",
            "\t", "\n", "\n  ",
            "\r\n", "#", "? ", "%YAML 1.2\n", "extends: web\n", "extends: ", "include: [stack.yaml]\n", "env_file: ",
            "profiles: [x]\n",
            "depends_on: ", "environment: ", "=", "é", "🎉", "\u{FEFF}", "\u{85}", "\u{2028}", "~", "null", "\\x00",
            "\\u2028",
        ].map { Array($0.utf8) } + [[0], [0xFF], [0xC3], [0xED, 0xA0, 0x80], [0x1B]]

    @Test func neverFailsOnMutatedBytes() {
        for seed in 0..<2000 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            var files = Self.files.mapValues { Array($0.utf8) }
            for _ in 0...Int.random(in: 0..<4, using: &generator) {
                // Half of the mutations hit the first file, which refers to the others.
                let names = files.keys.sorted()
                let name =
                    Bool.random(using: &generator)
                    ? "stack.yaml" : names[Int.random(in: 0..<names.count, using: &generator)]
                files[name]?.mutate(with: Self.tokens, &generator)
            }
            check(files, "bytes, seed \(seed)")
        }
    }

    @Test func neverFailsOnAnyStructure() {
        for seed in 0..<1000 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            var files = Self.files.mapValues { Array($0.utf8) }
            files["stack.yaml"] = Array(Self.structure(depth: 0, &generator).utf8)
            files["other.yaml"] = Array(Self.structure(depth: 0, &generator).utf8)
            check(files, "structure, seed \(seed)")
        }
    }

    private static let words = [
        "services", "include", "web", "db", "base", "root", "extends", "service", "file", "path", "env_file",
        "environment",
        "depends_on", "profiles", "command", "probes", "readiness", "exec", "unix", "listen", "working_dir", "required",
        "format",
        "project_directory", "other.yaml", "stack.yaml", "part/base.yaml", "base.env", "condition", "A=1", "'$A'",
        "'${run_dir}/x'",
        "'$$'", "true", "false", "raw", "~", "!reset x", "!override y", "&a z", "*a", "<<", "''",
    ]

    /// A flow value of keys that mean something to the loader, mostly in places where they mean nothing.
    private static func structure(depth: Int, _ generator: inout SeededGenerator) -> String {
        let word = { (generator: inout SeededGenerator) in words[Int.random(in: 0..<words.count, using: &generator)] }
        switch Int.random(in: 0..<(depth > 5 ? 3 : 10), using: &generator) {
        case 0..<3 where depth > 0:
            return word(&generator)
        case 3..<5 where depth > 0:
            let items = (0..<Int.random(in: 0..<4, using: &generator)).map { _ in
                structure(depth: depth + 1, &generator)
            }
            return "[" + items.joined(separator: ", ") + "]"
        default:
            let top = depth == 0 ? ["services", "include"] : depth == 1 ? ["web", "db", "base"] : []
            let keys = top + (0..<Int.random(in: 0..<4, using: &generator)).map { _ in word(&generator) }
            return "{" + keys.map { "\($0): " + structure(depth: depth + 1, &generator) }.joined(separator: ", ") + "}"
        }
    }

    /// Loads the files twice, and checks what holds for every document.
    private func check(_ files: [String: [UInt8]], _ trace: String) {
        let documents = (0..<2).map { _ in
            var fileSystem = MemoryFileSystem([:])
            fileSystem.files = files
            var loader = DocumentLoader(fileSystem: fileSystem, environment: ["OUT": "o$t", "A": ""])
            return loader.load(files: ["stack.yaml", "other.yaml"])
        }
        let document = documents[0]
        #expect(documents[1].text == document.text && documents[1].faults == document.faults, "\(trace)")
        #expect(document.root.isMapping, "\(trace)")
        for fault in document.diagnostics.kept {
            guard let location = fault.location, let source = document.sources[location.file] else { continue }
            #expect(
                location.line >= 1 && location.column >= 1 && source.line(location.line) != nil,
                "\(trace): \(location) \(fault.message)")
        }
        guard !document.diagnostics.hasErrors else { return }
        for service in document.root["services"]?.entries ?? [] {
            for key in ["extends", "env_file", "profiles"] { #expect(service.value[key] == nil, "\(trace)") }
        }
        #expect(document.root["include"] == nil, "\(trace)")
        #expect(document.root.isWellFormed, "\(trace)")
    }
}

extension Node {
    /// Every scalar is in template form, and every mapping has each key once.
    fileprivate var isWellFormed: Bool {
        switch content {
        case .null: true
        case .scalar(let text, _): Template.parse(text).description == text
        case .sequence(let items): items.allSatisfy(\.isWellFormed)
        case .mapping(let entries):
            Set(entries.map(\.key)).count == entries.count && entries.allSatisfy(\.value.isWellFormed)
        }
    }
}

extension [UInt8] {
    fileprivate mutating func mutate(with tokens: [[UInt8]], _ generator: inout SeededGenerator) {
        let place = Int.random(in: 0...count, using: &generator)
        let end = Swift.min(count, place + Int.random(in: 0..<30, using: &generator))
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: insert(contentsOf: tokens[Int.random(in: 0..<tokens.count, using: &generator)], at: place)
        case 1: removeSubrange(place..<end)
        case 2: insert(contentsOf: self[place..<end], at: Int.random(in: 0...count, using: &generator))
        case 3: replaceSubrange(place..<end, with: tokens[Int.random(in: 0..<tokens.count, using: &generator)])
        case 4: removeSubrange(place..<count)
        default: if place < count { self[place] = UInt8.random(in: 0...255, using: &generator) }
        }
    }
}
