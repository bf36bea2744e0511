/// The sessions that clients of the older revisions have opened over HTTP.
struct SessionStore {
    /// Sessions that are kept; the one unused for the longest makes room for the next, and its client opens another.
    static let capacity = 1000
    /// How long an unused session is kept.
    static let lifetime = Duration.seconds(3600)

    private struct Session {
        var version: String
        var lastUse: ContinuousClock.Instant
    }

    private var sessions: [String: Session] = [:]

    /// Opens a session of that revision and returns its identifier, which nobody can guess.
    mutating func open(version: String, now: ContinuousClock.Instant) -> String {
        sessions = sessions.filter { $0.value.lastUse + Self.lifetime > now }
        if sessions.count >= Self.capacity, let oldest = sessions.min(by: { $0.value.lastUse < $1.value.lastUse }) {
            sessions[oldest.key] = nil
        }
        var random = SystemRandomNumberGenerator()
        let id = (0..<2).map { _ in hexadecimal(random.next()) }.joined()
        sessions[id] = Session(version: version, lastUse: now)
        return id
    }

    /// The revision of an open session, which is hereby used.
    mutating func use(_ id: String, now: ContinuousClock.Instant) -> String? {
        guard let session = sessions[id], session.lastUse + Self.lifetime > now else { return nil }
        sessions[id]?.lastUse = now
        return session.version
    }

    /// Closes a session; false where there is none.
    mutating func close(_ id: String) -> Bool {
        sessions.removeValue(forKey: id) != nil
    }

    private func hexadecimal(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
