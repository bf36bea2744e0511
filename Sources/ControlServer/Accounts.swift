import Glibc

/// The users and groups of the host, by name and by number (passwd(5), group(5), or what nsswitch.conf(5) says).
enum Accounts {
    /// By name, or by number, whether or not a user has it.
    static func user(named text: String) -> UInt32? {
        if let number = UInt32(text) { return number }
        return look { entry, buffer, size in
            var found: UnsafeMutablePointer<passwd>?
            let result = getpwnam_r(text, &entry, buffer, size, &found)
            return (result, found != nil)
        } as: { (entry: passwd) in
            entry.pw_uid
        }
    }

    static func group(named text: String) -> UInt32? {
        if let number = UInt32(text) { return number }
        return look { entry, buffer, size in
            var found: UnsafeMutablePointer<group>?
            let result = getgrnam_r(text, &entry, buffer, size, &found)
            return (result, found != nil)
        } as: { (entry: group) in
            entry.gr_gid
        }
    }

    /// Nil where nobody has the number.
    static func name(ofUser number: UInt32) -> String? {
        look { entry, buffer, size in
            var found: UnsafeMutablePointer<passwd>?
            let result = getpwuid_r(number, &entry, buffer, size, &found)
            return (result, found != nil)
        } as: { (entry: passwd) in
            String(cString: entry.pw_name)
        }
    }

    /// Asks with more and more room for the entry's texts: a group may have thousands of members.
    private static func look<Entry: BitwiseCopyable, Value>(
        _ call: (inout Entry, UnsafeMutablePointer<CChar>, Int) -> (result: Int32, isFound: Bool),
        as value: (Entry) -> Value
    ) -> Value? {
        var size = 1 << 12
        while size <= 1 << 22 {
            let buffer = UnsafeMutablePointer<CChar>.allocate(capacity: size)
            let entry = UnsafeMutablePointer<Entry>.allocate(capacity: 1)
            defer {
                buffer.deallocate()
                entry.deallocate()
            }
            let (result, isFound) = call(&entry.pointee, buffer, size)
            if result == 0 { return isFound ? value(entry.pointee) : nil }
            guard result == ERANGE || result == EINTR else { return nil }
            if result == ERANGE { size *= 4 }
        }
        return nil
    }
}
