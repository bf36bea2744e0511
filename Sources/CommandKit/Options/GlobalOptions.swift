import ArgumentParser

/// How the result of a command is written.
enum OutputFormat: String, CaseIterable, ExpressibleByArgument {
    /// For people.
    case table
    /// For programs; streams are written as one object a line.
    case json
}

/// What every command takes besides the stack's files.
struct CommonOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The daemon's control socket; also STACKD_SOCKET.", valueName: "path"))
    var socket: String?

    @Option(help: "How the result is written.")
    var output: OutputFormat = .table

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("Include the services of this profile; may be given several times.", valueName: "name"))
    var profile: [String] = []
}

/// The options of every command for which `-f` means the stack file.
struct GlobalOptions: ParsableArguments {
    @Option(
        name: .shortAndLong, parsing: .singleValue,
        help: ArgumentHelp("A stack file; later ones are merged over earlier ones. Also STACK_FILE.", valueName: "path")
    )
    var file: [String] = []

    @OptionGroup var common: CommonOptions

    var stack: StackSelection { StackSelection(files: file, common: common) }
}

/// The options of every command for which `-f` means "follow"; before the command, `-f` is the stack file there too.
struct GlobalOptionsBesideFollow: ParsableArguments {
    @Option(
        name: .long, parsing: .singleValue,
        help: ArgumentHelp("A stack file; later ones are merged over earlier ones. Also STACK_FILE.", valueName: "path")
    )
    var file: [String] = []

    @OptionGroup var common: CommonOptions

    var stack: StackSelection { StackSelection(files: file, common: common) }
}
