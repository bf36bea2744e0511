import ControlProtocol
import Glibc
import StackModel

/// Who may do what: the grants and tokens of the stack file as this host knows them.
struct AccessPolicy: Sendable {
    struct Token: Sendable {
        var name: String
        var role: ControlRole
        var secret: [UInt8]
    }

    private var users: [UInt32: ControlRole]
    private var groups: [UInt32: ControlRole] = [:]
    private var tokens: [Token] = []
    /// What of the file could not be used, in words.
    private(set) var warnings: [String] = []
    /// The socket is to be open to everybody: who gets in is decided by what the kernel says of them.
    let isShared: Bool

    /// - Parameter owners: the users who are `admin` whatever the file says.
    init(_ spec: ControlSpec, owners: Set<UInt32>) {
        isShared = !spec.grants.isEmpty
        users = Dictionary(uniqueKeysWithValues: owners.map { ($0, .admin) })
        for grant in spec.grants {
            for name in grant.users {
                guard let user = Accounts.user(named: name) else {
                    warnings.append("control: the user \"\(name)\" does not exist, and gets no access")
                    continue
                }
                users[user] = max(users[user] ?? grant.role, grant.role)
            }
            for name in grant.groups {
                guard let group = Accounts.group(named: name) else {
                    warnings.append("control: the group \"\(name)\" does not exist, and gets no access")
                    continue
                }
                groups[group] = max(groups[group] ?? grant.role, grant.role)
            }
        }
        for token in spec.tokens {
            do {
                let secret = try TokenFile.read(token.file, owners: owners)
                tokens.append(Token(name: token.name, role: token.role, secret: secret))
            } catch {
                warnings.append("control: the token \(token.name) cannot be used: \(error)")
            }
        }
    }

    /// The highest role of a process, by its user and every group that it is in.
    func role(of peer: Peer) -> ControlRole? {
        (peer.groups.map { groups[$0] } + [users[peer.user], groups[peer.group]]).compactMap { $0 }.max()
    }

    /// Whose secret it is. Every token is compared to its end, so that the time tells nothing of any.
    func token(with secret: [UInt8]) -> Token? {
        var found: Token?
        for token in tokens where Self.isEqual(token.secret, secret) { found = token }
        return found
    }

    private static func isEqual(_ known: [UInt8], _ given: [UInt8]) -> Bool {
        var difference = UInt8(known.count == given.count ? 0 : 1)
        for (index, byte) in known.enumerated() { difference |= byte ^ (index < given.count ? given[index] : 0) }
        return difference == 0
    }
}

/// The file of a bearer token.
enum TokenFile {
    /// Shorter ones can be guessed.
    static let minimumLength = 16
    private static let maximumLength = 4_096

    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// The file's text without white space around it.
    /// - Parameter owners: whose file it may be.
    static func read(_ path: String, owners: Set<UInt32>) throws(Failure) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { throw Failure(description: "\(path): \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw Failure(description: "\(path) is no file")
        }
        guard owners.contains(status.st_uid), status.st_mode & 0o077 == 0 else {
            throw Failure(
                description: "\(path) is not private; it must be of the daemon's user or root, with mode 0600")
        }
        var buffer = [UInt8](repeating: 0, count: maximumLength + 1)
        let count = Glibc.read(descriptor, &buffer, buffer.count)
        guard count >= 0 else { throw Failure(description: "\(path): \(String(cString: strerror(errno)))") }
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
        let token = buffer[..<count].drop(while: isSpace).reversed().drop(while: isSpace).reversed()
        guard (minimumLength...maximumLength).contains(token.count), !token.contains(where: isSpace) else {
            throw Failure(
                description: "\(path) holds no token of \(minimumLength) to \(maximumLength) bytes without white space")
        }
        return Array(token)
    }
}
