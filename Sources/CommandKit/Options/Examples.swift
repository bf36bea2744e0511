import ArgumentParser

extension CommandConfiguration {
    /// A command whose help ends with command lines that show how it is used.
    init(
        abstract: String, discussion: String = "", examples: [String], subcommands: [any ParsableCommand.Type] = [],
        aliases: [String] = []
    ) {
        let shown = (["Examples:"] + examples.map { "  \($0)" }).joined(separator: "\n")
        self.init(
            abstract: abstract, discussion: discussion.isEmpty ? shown : discussion + "\n\n" + shown,
            subcommands: subcommands, aliases: aliases)
    }
}
