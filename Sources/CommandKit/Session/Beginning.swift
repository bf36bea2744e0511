/// How a stack came to be on its way up.
enum Beginning {
    case launched(LaunchedDaemon)
    /// A daemon was there, and does now what the files say.
    case changed(ProgressGoal)
    /// A daemon was there, and there was something to start.
    case started
    /// All of it was there already.
    case found

    var daemon: LaunchedDaemon? {
        switch self {
        case .launched(let daemon): daemon
        case .changed, .started, .found: nil
        }
    }

    var goal: ProgressGoal {
        switch self {
        case .changed(let goal): goal
        case .launched, .started, .found: .running
        }
    }

    /// What is said of a stack that is left to itself.
    var words: String {
        let way = "; \"stackctl ps\" shows how far it is"
        return switch self {
        case .launched, .started: "is starting in the background" + way
        case .changed: "is changing in the background" + way
        case .found: "runs already"
        }
    }
}
