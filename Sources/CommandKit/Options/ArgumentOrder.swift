import ArgumentParser

/// Lets the options that every command takes stand before the command too, as they do in `docker compose -f FILE up`.
enum ArgumentOrder {
    /// `-f` means the stack file only before the command; after `logs` and `events` it means "follow".
    private static let shortFile = "-f"
    private static let longFile = "--file"
    private static let optionsWithValue: Set<String> = [longFile, "--socket", "--output", "--format", "--profile"]
    /// Commands whose verbs follow as a second word.
    private static let groups = Set(
        Stackctl.configuration.subcommands.filter { !$0.configuration.subcommands.isEmpty }.map { $0._commandName })

    /// The arguments with the leading options moved behind the command that they stand before, in their order.
    ///
    /// - Throws: `CommandFailure` for an option whose value or command is missing.
    static func commandFirst(_ arguments: [String]) throws(CommandFailure) -> [String] {
        var rest = arguments[...]
        guard let options = try leadingOptions(of: &rest) else { return arguments }
        guard let command = rest.popFirst() else {
            if options.isEmpty { return [] }
            throw CommandFailure(.usage, "no command is given", advice: "\"stackctl --help\" lists the commands")
        }
        guard groups.contains(command) else { return [command] + options + rest }
        var verbFirst = rest
        guard let more = try leadingOptions(of: &verbFirst), let verb = verbFirst.popFirst() else {
            // Without a verb all it can do is help.
            return [command] + rest
        }
        return [command, verb] + options + more + verbFirst
    }

    /// Takes the options off the front; nil where there are others than those that every command takes.
    private static func leadingOptions(of rest: inout ArraySlice<String>) throws(CommandFailure) -> [String]? {
        var options: [String] = []
        while let argument = rest.first, argument.hasPrefix("-") {
            if optionsWithValue.contains(argument) || argument == shortFile {
                guard rest.count >= 2 else { throw CommandFailure(.usage, "\(argument) needs a value") }
                options += [argument == shortFile ? longFile : argument, rest[rest.startIndex + 1]]
                rest = rest.dropFirst(2)
            } else if argument.hasPrefix(shortFile) {
                options += [longFile, String(argument.dropFirst(shortFile.count))]
                rest = rest.dropFirst()
            } else if let name = argument.split(separator: "=").first, optionsWithValue.contains(String(name)) {
                options.append(argument)
                rest = rest.dropFirst()
            } else {
                return nil
            }
        }
        return options
    }
}
