import ArgumentParser
import ControlProtocol

/// The root of the command line; each verb has a file of its own.
struct Stackctl: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stackctl",
        abstract: "Run a stack of processes from one file.",
        usage: "stackctl [-f FILE]... [--socket PATH] [--output table|json] [--profile NAME]... COMMAND ...",
        discussion: """
            The stack is described by stack.yaml in this directory or one above it, by the files of -f, or by those \
            of STACK_FILE. Options that every command takes may stand before it.

            Exit status: 0 done, 1 failed, 2 usage, 3 the file is invalid, 4 no daemon, 5 no such service, 6 timed \
            out, 7 rolled back. "up --exit-code-from", "wait", "exec" and "run" exit as the process did that they are \
            about.

            --output json writes results as JSON, times as RFC 3339 in UTC, and streams as an object a line.
            """,
        version: "stackctl \(productVersion)",
        subcommands: [
            Up.self, Down.self, Ps.self, Logs.self, Start.self, Stop.self, Restart.self, Scale.self, Kill.self,
            Wait.self, Config.self, Plan.self, Apply.self, Rollout.self, Events.self, Explain.self, Graph.self,
            Top.self, Exec.self, Run.self, Watch.self, Simulate.self, Doctor.self, Completion.self, Version.self,
        ])
}
