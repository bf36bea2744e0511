import Glibc

/// The identity of a process: numbers for the kernel, words for its environment.
public struct Credentials: Hashable, Sendable {
    /// User and group id.
    public var uid: UInt32
    public var gid: UInt32
    /// Every group the process is in besides `gid`.
    public var groups: [UInt32]
    /// The names that were asked for, for messages.
    public var userName: String
    public var groupName: String
    /// The account's home directory and shell; nil for a number without an account.
    public var home: String?
    public var shell: String?

    /// Whether the calling process has this identity already and may not change it.
    var isCallers: Bool { geteuid() != 0 && uid == geteuid() && gid == getegid() }

    /// Sets HOME, USER, LOGNAME and SHELL where they are not set.
    public func setDefaults(in environment: inout Environment) {
        environment.setDefault("USER", userName)
        environment.setDefault("LOGNAME", userName)
        if let home { environment.setDefault("HOME", home) }
        if let shell { environment.setDefault("SHELL", shell) }
    }
}

/// The host's users and groups. Every call may read files, so it belongs before a spawn, not into it.
public enum Accounts {
    /// Finds the identity of a user and optionally a group, each by name or number. Without a group it is the user's
    /// own with all that the user is in; with one it is that group alone, as in Compose's `user: name:group`.
    public static func credentials(user: String, group: String? = nil) throws(SpawnError) -> Credentials {
        let account = try findUser(user)
        guard let uid = account?.uid ?? UInt32(user) else { throw unknown(.user, "user \(user)") }
        var credentials = Credentials(
            uid: uid, gid: account?.gid ?? uid, groups: [], userName: account?.name ?? user, groupName: user,
            home: account?.home, shell: account?.shell)
        if let group {
            credentials.gid = try self.group(group)
            credentials.groupName = group
            credentials.groups = [credentials.gid]
        } else if let account {
            credentials.groups = groups(of: account)
        }
        return credentials
    }

    /// Finds the id of a group by name or number.
    public static func group(_ group: String) throws(SpawnError) -> UInt32 {
        guard let gid = try findGroup(group) ?? UInt32(group) else { throw unknown(.group, "group \(group)") }
        return gid
    }

    private struct Account {
        var name: String
        var uid: UInt32
        var gid: UInt32
        var home: String
        var shell: String

        init(_ entry: passwd) {
            name = String(cString: entry.pw_name)
            uid = entry.pw_uid
            gid = entry.pw_gid
            home = String(cString: entry.pw_dir)
            shell = String(cString: entry.pw_shell)
        }
    }

    private static func unknown(_ stage: SpawnError.Stage, _ subject: String) -> SpawnError {
        var error = SpawnError(stage: stage, errno: ENOENT, operation: subject)
        error.description = "\(subject): there is no such \(stage.rawValue)"
        return error
    }

    private static func findUser(_ user: String) throws(SpawnError) -> Account? {
        var entry = passwd()
        return try search(.user, "look up user \(user)") { buffer, size in
            var found: UnsafeMutablePointer<passwd>?
            let status =
                UInt32(user).map { getpwuid_r($0, &entry, buffer, size, &found) }
                ?? getpwnam_r(user, &entry, buffer, size, &found)
            return (status, found.map { Account($0.pointee) })
        }
    }

    private static func findGroup(_ name: String) throws(SpawnError) -> UInt32? {
        var entry = Glibc.group()
        return try search(.group, "look up group \(name)") { buffer, size in
            var found: UnsafeMutablePointer<Glibc.group>?
            let status = getgrnam_r(name, &entry, buffer, size, &found)
            return (status, found?.pointee.gr_gid)
        }
    }

    /// Runs one of libc's look-ups with a buffer that grows until the entry fits, to 1 MiB at most.
    private static func search<Found>(
        _ stage: SpawnError.Stage, _ operation: String,
        _ lookUp: (UnsafeMutablePointer<CChar>, Int) -> (status: Int32, found: Found?)
    ) throws(SpawnError) -> Found? {
        var size = 1024
        while true {
            let buffer = UnsafeMutablePointer<CChar>.allocate(capacity: size)
            defer { buffer.deallocate() }
            let (status, found) = lookUp(buffer, size)
            switch status {
            case 0, ENOENT, ESRCH: return found
            case EINTR: continue
            case ERANGE where size < 1 << 20: size *= 2
            default: throw SpawnError(stage: stage, errno: status, operation: operation)
            }
        }
    }

    private static func groups(of account: Account) -> [UInt32] {
        var count: Int32 = 32
        var groups = [UInt32](repeating: 0, count: Int(count))
        // On a short buffer it fails and says how many there are; the set may grow in between, so not for ever.
        for _ in 0..<8 {
            if getgrouplist(account.name, account.gid, &groups, &count) >= 0 { return Array(groups.prefix(Int(count))) }
            groups = [UInt32](repeating: 0, count: max(Int(count), groups.count * 2))
            count = Int32(groups.count)
        }
        return [account.gid]
    }
}
