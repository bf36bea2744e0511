import Dispatch

/// A daemon that this process started, with what ties the two together.
final class LaunchedDaemon: Sendable {
    let process: ChildProcess
    private let ready: Descriptor
    /// Its end of file tells the daemon that this process is gone. A daemon that is to live on has no other end of it.
    private let lifeline: Descriptor

    init(process: ChildProcess, ready: consuming Descriptor, lifeline: consuming Descriptor) {
        self.process = process
        self.ready = ready
        self.lifeline = lifeline
    }

    /// Whether its control socket accepts; false where it ended before. Returns when either is certain.
    func isReady() async -> Bool {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(returning: (try? self.ready.read(limit: 1))?.isEmpty == false)
            }
        }
    }
}
