import ArgumentParser

/// How the result of a command is written.
enum OutputFormat: String, CaseIterable, ExpressibleByArgument {
    /// For people.
    case table
    /// For programs; streams are written as one object a line.
    case json
}

/// Which stack is meant, besides by its files.
struct SelectionOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The daemon's control socket; also STACKD_SOCKET.", valueName: "path"))
    var socket: String?

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("Include the services of this profile; may be given several times.", valueName: "name"))
    var profile: [String] = []
}

/// What every command takes besides the stack's files.
struct CommonOptions: ParsableArguments {
    @OptionGroup var selection: SelectionOptions

    @Option(name: [.long, .customLong("format")], help: "How the result is written.")
    var output: OutputFormat = .table
}

/// The options of every command for which `-f` means the stack file.
struct GlobalOptions: ParsableArguments {
    @OptionGroup var files: FileOptions
    @OptionGroup var common: CommonOptions

    var stack: StackSelection { StackSelection(files: files.file, selection: common.selection) }
}

/// The options of every command for which `-f` means "follow"; before the command, `-f` is the stack file there too.
struct GlobalOptionsBesideFollow: ParsableArguments {
    @Option(name: .long, parsing: .singleValue, help: FileOptions.help)
    var file: [String] = []

    @OptionGroup var common: CommonOptions

    var stack: StackSelection { StackSelection(files: file, selection: common.selection) }
}

/// The options of a command whose result can be written in ways of its own.
struct GlobalOptionsBesideOutput: ParsableArguments {
    @OptionGroup var files: FileOptions
    @OptionGroup var selection: SelectionOptions

    var stack: StackSelection { StackSelection(files: files.file, selection: selection) }
}

struct FileOptions: ParsableArguments {
    @Option(name: .shortAndLong, parsing: .singleValue, help: FileOptions.help)
    var file: [String] = []

    static let help = ArgumentHelp(
        "A stack file; later ones are merged over earlier ones. Also STACK_FILE.", valueName: "path")
}
