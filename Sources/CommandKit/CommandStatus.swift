/// The exit statuses of `stackctl`.
public enum CommandStatus: Int32, Hashable, Sendable, CaseIterable {
    case done = 0
    case failed = 1
    case usage = 2
    case invalidFile = 3
    case noDaemon = 4
    case noSuchService = 5
    case timedOut = 6
}
