import ArgumentParser
import ControlClient

/// The program `stackctl`.
public enum CommandLineTool {
    /// Carries out a command line and gives the status to exit with.
    ///
    /// - Parameter arguments: without the program's own name.
    public static func run(_ arguments: [String]) async -> CommandStatus {
        do {
            let ordered = try ArgumentOrder.commandFirst(arguments)
            try checkCommandName(ordered)
            var command = try await Stackctl.asyncParseAsRoot(ordered)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            return .done
        } catch let failure as OutputFailure {
            return report(failure)
        } catch let failure as CommandFailure {
            return report(failure)
        } catch let error as ControlClientError {
            return report(CommandFailure(error))
        } catch let error as SystemError {
            return report(CommandFailure(.failed, error.description))
        } catch let status as CommandStatus {
            return status
        } catch {
            return reportParsing(error)
        }
    }

    /// A misspelt command is told by its name, not as an argument too many.
    private static func checkCommandName(_ arguments: [String]) throws {
        var commands = Stackctl.configuration.subcommands
        for name in arguments {
            guard !commands.isEmpty, !name.hasPrefix("-"), name != "help" else { return }
            let meant = commands.first { $0._commandName == name || $0.configuration.aliases.contains(name) }
            guard let meant else {
                let known = commands.map { $0._commandName }
                throw CommandFailure(.usage, "there is no command \"\(name)\"", advice: advice(for: name, among: known))
            }
            commands = meant.configuration.subcommands
        }
    }

    private static func report(_ failure: CommandFailure) -> CommandStatus {
        let output = TextOutput.standardError()
        try? output.writeLine(output.palette(.red, "error: ") + failure.message)
        if let advice = failure.advice { try? output.writeLine(output.palette(.dim, advice)) }
        return failure.status
    }

    private static func report(_ failure: OutputFailure) -> CommandStatus {
        switch failure {
        case .closed:
            // Whoever read the output has seen enough of it.
            return .done
        case .failed(let errno):
            return report(CommandFailure(.failed, SystemError("cannot write the output", errno: errno).description))
        }
    }

    /// What the argument parser throws: help that was asked for, or a command line that makes no sense.
    private static func reportParsing(_ error: any Error) -> CommandStatus {
        let isHelp = Stackctl.exitCode(for: error).isSuccess
        let output = isHelp ? TextOutput.standardOutput() : TextOutput.standardError()
        do {
            try output.writeLine(Stackctl.fullMessage(for: error))
        } catch {
            return report(error)
        }
        return isHelp ? .done : .usage
    }
}
