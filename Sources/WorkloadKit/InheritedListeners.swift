import Glibc

/// The listening sockets that a supervisor handed over by systemd's protocol (`LISTEN_FDS`), by name.
///
/// Source of the protocol: sd_listen_fds(3).
public struct InheritedListeners: Equatable, Sendable {
    /// The descriptors in the order in which they were passed, each with its name.
    public private(set) var entries: [Entry]

    /// One passed descriptor.
    public struct Entry: Equatable, Sendable {
        /// Its name in `LISTEN_FDNAMES`; "unknown" where the supervisor named none, as sd_listen_fds_with_names says.
        public var name: String
        /// The descriptor's number.
        public var descriptor: CInt
    }

    /// The first descriptor of the protocol: the three before it are the standard streams.
    static let firstDescriptor: CInt = 3
    /// More than any supervisor passes; a larger count is a corrupt environment, not a request for memory.
    static let limit = 1024

    /// Reads the protocol's variables from an environment.
    ///
    /// Variables that were meant for another process (`LISTEN_PID`) give an empty list, not an error: they are
    /// inherited by every descendant of the process that they were meant for.
    ///
    /// - Throws: ``ListenerError/malformed(_:)`` where the variables are for this process and make no sense.
    public init(environment: [String: String], processID: CInt) throws(ListenerError) {
        self.entries = []
        guard let pidText = environment["LISTEN_PID"], let countText = environment["LISTEN_FDS"] else { return }
        guard let pid = CInt(pidText) else { throw .malformed("LISTEN_PID=\(pidText)") }
        guard pid == processID else { return }
        guard let count = Int(countText), (0...Self.limit).contains(count) else {
            throw .malformed("LISTEN_FDS=\(countText)")
        }
        var names = [String](repeating: "unknown", count: count)
        if let namesText = environment["LISTEN_FDNAMES"] {
            let given = namesText.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            guard given.count == count else {
                throw .malformed("LISTEN_FDNAMES=\(namesText) names \(given.count) of \(count) descriptors")
            }
            names = given
        }
        self.entries = names.enumerated().map { index, name in
            Entry(name: name, descriptor: Self.firstDescriptor + CInt(index))
        }
    }

    /// The descriptor of a name, taken from the list so that it gets one owner; nil where there is none.
    mutating func take(_ name: String) -> CInt? {
        guard let index = entries.firstIndex(where: { $0.name == name }) else { return nil }
        return entries.remove(at: index).descriptor
    }
}

/// Why a program has no socket to listen on.
public enum ListenerError: Error, Equatable, CustomStringConvertible {
    /// The supervisor's variables contradict each other.
    case malformed(String)
    /// The descriptor that was passed is no listening stream socket.
    case notListening(name: String, descriptor: CInt)
    /// The address is neither `HOST:PORT` nor an absolute path.
    case badAddress(String)
    /// A system call failed.
    case system(call: String, address: String, errno: CInt)

    public var description: String {
        switch self {
        case .malformed(let what):
            "the inherited listeners make no sense: \(what)"
        case .notListening(let name, let descriptor):
            "the inherited descriptor \(descriptor) (\(name)) is not a listening stream socket"
        case .badAddress(let text):
            "\(text) is no address; HOST:PORT or /PATH would be right"
        case .system(let call, let address, let errno):
            "\(call) \(address): \(String(cString: strerror(errno)))"
        }
    }
}
