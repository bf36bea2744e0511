import ControlClient
import ControlProtocol
import FoundationEssentials
import Glibc

/// The daemons of this user that listen where stacks of any name do.
struct RunningStacks: Sendable {
    var environment: [String: String]
    var uid: UInt32

    /// One that does not answer within this is as good as none.
    private static let patience = Duration.seconds(2)

    /// The daemon that was started with these files, whatever has become of them since.
    func client(ofFiles files: [String]) async -> ControlClient? {
        let wanted = files.map(canonicalPath)
        for path in sockets {
            let client = ControlClient(socketPath: path, timeout: Self.patience)
            guard let stack = try? await client.stack(), stack.files.map(canonicalPath) == wanted else { continue }
            return ControlClient(socketPath: path)
        }
        return nil
    }

    private var sockets: [String] {
        func paths(_ name: String) -> StackPaths { StackPaths(name: name, environment: environment, uid: uid) }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: paths("").runDirectory)) ?? []
        return names.sorted().map { paths($0).controlSocket }.filter { access($0, F_OK) == 0 }
    }
}

/// A path by which the same file is always called the same; where there is no such file, at least an absolute one.
func canonicalPath(_ path: String) -> String {
    if let real = realpath(path, nil) {
        defer { free(real) }
        return String(cString: real)
    }
    guard !path.hasPrefix("/"), let here = workingDirectory() else { return path }
    return "\(here)/\(path)"
}

/// Nil where it was removed.
func workingDirectory() -> String? {
    guard let path = getcwd(nil, 0) else { return nil }
    defer { free(path) }
    return String(cString: path)
}
