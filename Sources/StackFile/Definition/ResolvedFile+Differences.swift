public import StackModel

extension ResolvedFile {
    /// A key whose value is another; nil stands for a key that is not there.
    public struct Difference: Hashable, Sendable {
        /// `environment.PORT`, `probes.readiness.period`.
        public var key: String
        /// As the resolved file has it, on one line.
        public var before: String?
        public var after: String?
    }

    /// What is different about a service, its executable and its secrets' contents included, in the order of the keys
    /// in the resolved file; nothing is masked.
    public static func differences(from before: ServiceSpec, to after: ServiceSpec) -> [Difference] {
        differences(from: before.content, to: after.content, key: "")
    }

    /// What is different about who may control the stack, and from where.
    public static func differences(from before: ControlSpec, to after: ControlSpec) -> [Difference] {
        differences(from: before.json, to: after.json, key: "control")
    }

    private static func differences(from before: JSONValue?, to after: JSONValue?, key: String) -> [Difference] {
        guard before != after else { return [] }
        // A mapping that comes or goes does so key by key, so that what it holds is seen.
        guard before.isMappingOrNothing, after.isMappingOrNothing else {
            return [Difference(key: key, before: before?.inlineText, after: after?.inlineText)]
        }
        let (old, new) = (before?.members ?? [], after?.members ?? [])
        let known = Set(old.map(\.key))
        return (old + new.filter { !known.contains($0.key) }).flatMap { member in
            differences(
                from: before?[member.key], to: after?[member.key],
                key: key.isEmpty ? member.key : key + "." + member.key)
        }
    }
}

extension JSONValue? {
    fileprivate var isMappingOrNothing: Bool {
        switch self {
        case nil, .object: true
        case .null, .boolean, .number, .string, .array: false
        }
    }
}
