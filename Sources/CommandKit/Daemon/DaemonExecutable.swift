import Glibc

/// Where the daemon's program is: beside this one, else in one of PATH's directories.
enum DaemonExecutable {
    private static let name = "stackd"

    static func path(environment: [String: String]) throws(CommandFailure) -> String {
        let beside = ownDirectory().map { [$0] } ?? []
        let listed = (environment["PATH"] ?? "").split(separator: ":").map(String.init)
        for directory in beside + listed {
            let candidate = "\(directory)/\(name)"
            if access(candidate, X_OK) == 0 { return candidate }
        }
        throw CommandFailure(
            .failed, "\(name) is neither beside stackctl nor in PATH",
            advice: "install both programs in one directory")
    }

    private static func ownDirectory() -> String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = readlink("/proc/self/exe", &buffer, buffer.count)
        guard length > 0 else { return nil }
        let path = String(decoding: buffer[..<length].map(UInt8.init(bitPattern:)), as: UTF8.self)
        return path.lastIndex(of: "/").map { String(path[..<$0]) }
    }
}
