/// A process's environment: names and values, in the order in which they were first set.
public struct Environment: Hashable, Sendable, ExpressibleByDictionaryLiteral {
    // Searched from the front: an environment has some tens of variables, and there is one of these for each instance,
    // so an index would cost more memory than it saves time.

    /// Each variable as "NAME=value", which is how a process is given them.
    public private(set) var entries: [String] = []

    /// An empty environment.
    public init() {}

    public init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { self[name] = value }
    }

    /// The value of a variable. A name that is empty or holds "=" cannot be set.
    public subscript(name: String) -> String? {
        get {
            position(of: name).map { String(Substring(entries[$0].utf8.dropFirst(name.utf8.count + 1))) }
        }
        set {
            guard Environment.canBeName(name) else { return }
            switch (position(of: name), newValue) {
            case (let position?, let value?): entries[position] = "\(name)=\(value)"
            case (let position?, nil): entries.remove(at: position)
            case (nil, let value?): entries.append("\(name)=\(value)")
            case (nil, nil): break
            }
        }
    }

    /// Sets a variable that is not set yet.
    public mutating func setDefault(_ name: String, _ value: String) {
        if position(of: name) == nil { self[name] = value }
    }

    private static func canBeName(_ name: String) -> Bool {
        !name.isEmpty && !name.utf8.contains(UInt8(ascii: "="))
    }

    private func position(of name: String) -> Int? {
        guard Environment.canBeName(name) else { return nil }
        let name = name.utf8
        return entries.firstIndex { entry in
            let entry = entry.utf8
            guard entry.count > name.count, entry.starts(with: name) else { return false }
            return entry[entry.index(entry.startIndex, offsetBy: name.count)] == UInt8(ascii: "=")
        }
    }
}
