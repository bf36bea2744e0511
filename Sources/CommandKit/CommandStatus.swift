import ControlProtocol
import StackModel

/// The exit status of `stackctl`: one of these, which mean the same for every command, or, for the commands whose whole
/// purpose is another process, that of the process.
public struct CommandStatus: RawRepresentable, Hashable, Sendable {
    public let rawValue: Int32

    public init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    public static let done = CommandStatus(rawValue: 0)
    public static let failed = CommandStatus(rawValue: 1)
    public static let usage = CommandStatus(rawValue: 2)
    public static let invalidFile = CommandStatus(rawValue: 3)
    public static let noDaemon = CommandStatus(rawValue: 4)
    public static let noSuchService = CommandStatus(rawValue: 5)
    public static let timedOut = CommandStatus(rawValue: 6)
    /// What was asked for failed, and what was before is back.
    public static let rolledBack = CommandStatus(rawValue: 7)
    /// As a shell tells the end by Ctrl-C.
    static let interrupted = CommandStatus(rawValue: 128 + Signal.interrupt.number)
}

extension CommandStatus {
    /// As a shell tells it: the code, or 128 and the signal's number; `failed` where nobody found out.
    init(_ exit: ExitDocument) {
        if let code = exit.code {
            self.init(rawValue: code)
        } else if let signal = exit.signal.flatMap({ Signal(text: $0) }) {
            self.init(rawValue: 128 + signal.number)
        } else {
            self = .failed
        }
    }
}

/// A command that has told its user all there is to tell ends with its status.
extension CommandStatus: Error {}
