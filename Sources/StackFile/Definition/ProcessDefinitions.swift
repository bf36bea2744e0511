import StackModel

/// A user and perhaps a group, as Compose's `user` gives them.
struct UserDraft: Hashable, Sendable {
    var user: String
    var group: String?
}

extension Definition where Value == UserDraft {
    static let user: Definition = Definition<String>.text(
        "a name or a number, perhaps with a group: `shop`, `1000`, `shop:web`"
    ).refine {
        text, node, report in
        let halves = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard halves.allSatisfy(Account.isValid) else {
            return report.mismatch(
                node, of: "user", form: "a name or a number, perhaps with a group: `shop`, `1000`, `shop:web`")
        }
        return UserDraft(user: halves[0], group: halves.count == 2 ? halves[1] : nil)
    }
}

extension Definition where Value == String {
    static let group = account("the name or number of a group")
    static let userName = account("the name or number of a user")

    private static func account(_ form: String) -> Definition {
        scalar(form, schema: ["type": ["string", "integer"]]) { text, _ in Account.isValid(text) ? text : nil }
    }
}

/// Names and numbers of users and groups.
private enum Account {
    static func isValid(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 256 else { return false }
        if text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            // The largest number means "unchanged" to setresuid(2).
            return UInt32(text).map { $0 < .max } ?? false
        }
        return first != 0x2D && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x3A && $0 != 0x2F && $0 != 0x7F }
    }
}

extension Definition where Value == UInt16 {
    static let umask = permissions(example: "0027")

    /// Octal digits. YAML takes a bare `27` for twenty-seven, so only what cannot be meant otherwise goes unquoted.
    static func permissions(example: String) -> Definition {
        scalar(
            "octal digits in quotes from \"0000\" to \"0777\", such as \"\(example)\"",
            schema: ["type": ["string", "integer"], "pattern": "^0?[0-7]{1,3}$"]
        ) { text, isQuoted in
            guard isQuoted || text.hasPrefix("0"), (1...4).contains(text.utf8.count),
                let mask = UInt16(text, radix: 8), mask <= 0o777
            else { return nil }
            return mask
        }
    }
}

extension Definition where Value == [ResourceLimit] {
    static let limits: Definition = Definition<[NamedValue<LimitDraft>]>.dictionary(
        of: .limit, form: "a mapping of limits, such as `{nofile: 65536}`", name: .limit
    ).map { entries in
        entries.compactMap { entry in
            ResourceLimit.Resource(rawValue: entry.name.value).map {
                ResourceLimit(resource: $0, soft: entry.value.soft, hard: entry.value.hard)
            }
        }.sorted { $0.resource.rawValue < $1.resource.rawValue }
    }
}

extension NameRule {
    fileprivate static let limit = NameRule(
        thing: "a limit",
        form: "one of " + ResourceLimit.Resource.allCases.map(\.rawValue).joined(separator: ", "),
        pattern: "^(" + ResourceLimit.Resource.allCases.map(\.rawValue).joined(separator: "|") + ")$"
    ) { ResourceLimit.Resource(rawValue: $0) != nil }
}

struct LimitDraft: Sendable {
    var soft: UInt64?
    var hard: UInt64?
}

extension Definition where Value == LimitDraft {
    fileprivate static let limit: Definition = forms(
        "a number, or `{soft: …, hard: …}`; -1 is without limit",
        scalar: Definition<UInt64?>.limitValue.map { LimitDraft(soft: $0, hard: $0) },
        mapping: Definition<PairDraft>.mapping(
            "a limit", PairDraft.init, required: ["soft", "hard"],
            fields: [
                Field("soft", \.soft, .limitValue, "What the program starts with."),
                Field("hard", \.hard, .limitValue, "What the program may raise it to."),
            ]
        ).refine { pair, node, report in
            guard let soft = pair.soft, let hard = pair.hard else { return nil }
            guard (soft.value ?? .max) <= (hard.value ?? .max) else {
                report.error(
                    at: soft.location, "`soft` is above `hard`", remedy: "a program starts below what it may raise")
                return nil
            }
            return LimitDraft(soft: soft.value, hard: hard.value)
        })
}

private struct PairDraft: Sendable {
    var soft: Located<UInt64?>?
    var hard: Located<UInt64?>?
}

extension Definition where Value == UInt64? {
    fileprivate static let limitValue: Definition = scalar(
        "a whole number, or -1 for no limit", schema: ["type": "integer", "minimum": -1]
    ) { text, _ in
        if text == "-1" || text == "unlimited" || text == "infinity" { return .some(nil) }
        return UInt64(text).map { .some($0) }
    }
}

extension Definition where Value == Bool {
    /// Compose's `security_opt`, of which one option has a meaning without containers.
    static let securityOptions: Definition = Definition<[Bool]>.list(
        of: .scalar("`no-new-privileges:true`", schema: ["type": "string"]) { text, _ in
            switch text {
            case "no-new-privileges", "no-new-privileges:true", "no-new-privileges=true": true
            case "no-new-privileges:false", "no-new-privileges=false": false
            default: nil
            }
        }, form: "a list whose only option here is `no-new-privileges:true`"
    ).map { $0.last ?? false }
}
