import ArgumentParser

struct Completion: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the script with which a shell completes commands, options and services.",
        discussion: """
            Without a shell's name it is the one of SHELL. The script asks stackctl for the services of the stack that \
            is meant. Where the scripts belong, for every user:
              bash  /usr/share/bash-completion/completions/stackctl
              zsh   /usr/share/zsh/site-functions/_stackctl
              fish  /usr/share/fish/vendor_completions.d/stackctl.fish
            """,
        examples: [
            "source <(stackctl completion bash)",
            "stackctl completion zsh > ~/.zsh/completions/_stackctl",
            "stackctl completion fish > ~/.config/fish/completions/stackctl.fish",
        ])

    @Argument(help: ArgumentHelp("bash, zsh or fish.", valueName: "shell"), completion: .list(["bash", "zsh", "fish"]))
    var shell: String?

    func run() throws {
        guard let shell = shell.map(CompletionShell.init(rawValue:)) ?? CompletionShell.autodetected() else {
            throw CommandFailure(
                .usage, "there is no completion for the shell \"\(shell ?? "")\"", advice: "there are: bash, zsh, fish")
        }
        try TextOutput.standardOutput().writeLine(Stackctl.completionScript(for: shell))
    }
}
