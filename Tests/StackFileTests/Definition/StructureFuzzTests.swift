import StackModel
import Testing

@testable import StackFile

/// Trees of any shape, made from sound ones: each is answered by a spec or by faults with places, never by a crash.
@Suite struct StructureFuzzTests {
    @Test(arguments: 0..<40 as Range<UInt64>)
    func everyTreeIsAnswered(seed: UInt64) throws {
        var mutation = Mutation(generator: SeededGenerator(seed: seed))
        for keys in Examples.sound {
            var document = loadDocument(["/srv/shop/stack.yaml": file(keys)], ["/srv/shop/stack.yaml"])
            for _ in 0..<Int.random(in: 1...3, using: &mutation.generator) { mutation.mutate(&document.root) }
            let result = StackFile.resolve(
                document, files: ["/srv/shop/stack.yaml"],
                zones: TimeZones(fileSystem: MemoryFileSystem([:]), environment: [:]))
            let errors = result.diagnostics.filter { $0.severity == .error }
            #expect((result.spec == nil) == !errors.isEmpty)
            #expect(result.diagnostics.allSatisfy { $0.location != nil && !$0.message.isEmpty })
            guard let spec = result.spec, let text = result.resolved?.yaml else { continue }
            let again = load(text)
            try #require(again.spec == spec, "\(document.root.flow)\n\(text)\n\(again.diagnostics.map(\.text))")
        }
    }
}

private struct Mutation {
    var generator: SeededGenerator

    private static let scalars = [
        "", "0", "-1", "1", "99999999999999999999", "1e9", "0.5", "true", "no", "null", "10s", "0s", "-5s",
        "999999999d",
        "512M", "9999999999T", "auto", "a", "a b", "a:b", "${run_dir}", "${port.x}", "$$", "http://", "http://[", ":",
        "::",
        "unix:", "/", "[::1]:80", "SIGTERM", "(", "a{1,99999}", "100%", "\u{0}", "é漢🚀", "*", "on-failure:", "CMD", "=",
        "web", "{", "'", "\\", "0 3 * * *", "@daily", "0 0 30 2 *", "UTC", "Europe/Zurich", "**/x", "[a", "../x",
        "*:80", "udp:[::1]:53", "@x", "unix-dgram:", "${listen.a.fd}", "${secret.x}", "< 1%", ">= -1e308", "!= 5ms",
        "p99.9", "0-3,5", "off", "none", "p", "0-", "0.0001", "1e3%", "999999999999", "0.5%",
        "<", "http://127.0.0.1:9/", "*.example.org", "/a b", "stop-first",
    ]

    private static let keys = [
        "command", "every", "cron", "target", "exec", "http", "port", "x-a", "image", "period", "restarts", "web",
        "condition", "stdio", "soft", "order", "max_surge", "steps", "pause", "analysis", "route", "listen", "success",
        "restart", "address", "mode", "min", "max", "cpu", "memory", "name", "value", "percent", "replicas", "cpus",
        "mem_limit", "resources", "scale_up",
        "",
        "a b", "nofile", "é",
    ]

    mutating func mutate(_ node: inout Node) {
        switch node.content {
        case .sequence(var nodes) where !nodes.isEmpty && Int.random(in: 0..<6, using: &generator) > 0:
            let index = Int.random(in: 0..<nodes.count, using: &generator)
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: nodes.remove(at: index)
            case 1: nodes.append(nodes[index])
            default: mutate(&nodes[index])
            }
            node.content = .sequence(nodes)
        case .mapping(var entries) where !entries.isEmpty && Int.random(in: 0..<8, using: &generator) > 0:
            let index = Int.random(in: 0..<entries.count, using: &generator)
            switch Int.random(in: 0..<8, using: &generator) {
            case 0: entries.remove(at: index)
            case 1: rename(&entries, at: index)
            default: mutate(&entries[index].value)
            }
            node.content = .mapping(entries)
        case .null, .scalar, .sequence, .mapping:
            node.content = content(depth: 2)
        }
    }

    /// A mapping has each key once, whatever is made of it.
    private mutating func rename(_ entries: inout [Node.Entry], at index: Int) {
        let key = Self.keys.randomElement(using: &generator) ?? ""
        if !entries.contains(where: { $0.key == key }) { entries[index].key = key }
    }

    private mutating func content(depth: Int) -> Node.Content {
        let place = SourceLocation(file: "/srv/shop/stack.yaml", line: 1, column: 1)
        switch Int.random(in: 0..<(depth > 0 ? 10 : 7), using: &generator) {
        case 0: return .null
        case 1..<7:
            return .scalar(
                Self.scalars.randomElement(using: &generator) ?? "", isQuoted: Bool.random(using: &generator))
        case 7: return .sequence([])
        case 8:
            return .sequence([Node(content(depth: depth - 1), at: place), Node(content(depth: depth - 1), at: place)])
        default:
            let key = Self.keys.randomElement(using: &generator) ?? ""
            return .mapping([
                Node.Entry(key: key, keyLocation: place, value: Node(content(depth: depth - 1), at: place))
            ])
        }
    }
}
