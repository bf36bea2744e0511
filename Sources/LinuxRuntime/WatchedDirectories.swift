/// The directories that an inotify instance watches: their paths by its numbers, and the other way round.
///
/// A directory has one number for each instance, but two paths where it is mounted twice or reached by a link.
struct WatchedDirectories {
    private var pathsByNumber: [Int32: [String]] = [:]
    private var numbers: [String: Int32] = [:]

    func contains(_ path: String) -> Bool { numbers[path] != nil }

    func paths(of number: Int32) -> [String] { pathsByNumber[number] ?? [] }

    mutating func add(_ path: String, as number: Int32) {
        guard numbers[path] != number else { return }
        if let old = numbers[path] { drop(path, from: old) }
        numbers[path] = number
        pathsByNumber[number, default: []].append(path)
    }

    /// The kernel does not know the number any more.
    mutating func forget(_ number: Int32) {
        for path in pathsByNumber.removeValue(forKey: number) ?? [] { numbers[path] = nil }
    }

    /// Forgets a path and, unless that is known to be nothing, all that is below it.
    /// - Returns: The numbers that have no path left.
    mutating func remove(_ path: String, isEmpty: Bool = false) -> [Int32] {
        guard let own = numbers[path] else { return [] }
        if isEmpty { return drop(path, from: own) ? [own] : [] }
        let prefix = path == "/" ? path : path + "/"
        var unused: [Int32] = []
        for (other, number) in numbers where other == path || other.hasPrefix(prefix) {
            if drop(other, from: number) { unused.append(number) }
        }
        return unused
    }

    /// - Returns: Whether the number has no path left.
    @discardableResult
    private mutating func drop(_ path: String, from number: Int32) -> Bool {
        numbers[path] = nil
        pathsByNumber[number]?.removeAll { $0 == path }
        guard pathsByNumber[number]?.isEmpty == true else { return false }
        pathsByNumber[number] = nil
        return true
    }
}
