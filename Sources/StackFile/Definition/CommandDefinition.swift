import StackModel

extension Definition where Value == [Template] {
    /// A command in Compose's two forms: a list of words, or a line that is split as a shell would, without one.
    static let command: Definition = unsharedCommand.shared(as: "command")

    static let unsharedCommand: Definition = forms(
        "a list such as `[./serve, --port, \"80\"]`, or a line that is split as a shell would",
        scalar: commandLine,
        sequence: .list(of: .template("a word of a command", allowsEmpty: true), form: "a list of words"))

    /// A command that has a program.
    static let program: Definition = command.refine { words, node, report in
        guard words.first?.parts.isEmpty == false else {
            report.error(at: node.location, "the command is empty", remedy: "its first word is the program")
            return nil
        }
        return words
    }

    private static let commandLine: Definition = Definition(form: "a command line", schema: ["type": "string"]) {
        node, key, report in
        guard case .scalar(let line, _) = node.content else {
            return report.mismatch(node, of: key, form: "a command line")
        }
        do throws(ShellWords.Fault) {
            let words = try ShellWords.split(line).map { report.template($0, at: node) }
            let present = words.compactMap { $0 }
            return present.count == words.count ? present : nil
        } catch {
            switch error {
            case .unclosedQuote(let quote):
                report.error(
                    at: node.location, "a quote of `\(key)` is not closed", remedy: "add `\(quote)`, or write a list")
            case .shellOperator(let word):
                report.error(
                    at: node.location, "no shell runs `\(key)`, so `\(word)` has no meaning",
                    remedy: "write `[sh, -c, \"…\"]`, or quote it")
            }
            return nil
        }
    }
}
