import StackModel

/// What is wrong with a revision itself, whatever else the world does; the command of such a program tells it.
enum Flaw: String, CaseIterable {
    /// It ends badly soon after it was made.
    case crashes
    /// It runs, and is never ready.
    case staysUnready
    /// It serves, and what is measured of it is bad.
    case measuresBadly

    static let program: Template = "program"
}

extension ServiceSpec {
    var flaw: Flaw? {
        guard process.command.count > 1 else { return nil }
        return Flaw.allCases.first { process.command[1] == Template($0.rawValue) }
    }
}
