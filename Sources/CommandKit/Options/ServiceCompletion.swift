import ArgumentParser
import ControlClient
import ControlProtocol
import StackFile
import StackModel

extension CompletionKind {
    /// The names of the stack's services.
    static let services = CompletionKind.custom { words, _, _ in await ServiceCompletion(words: words).names() }
}

/// The services that a command line which is being typed can mean.
struct ServiceCompletion: Sendable {
    /// The whole command line, so far.
    var words: [String]

    /// How long a daemon may take to answer: the user of the shell waits for it.
    var patience = Duration.milliseconds(300)

    /// Those of the file, else those of the daemon that a socket names; none where that takes too long.
    func names() async -> [String] {
        guard let selection else { return [] }
        if selection.socket == nil { return Self.names(in: selection) }
        let names = try? await withDeadline(patience) {
            try await selection.client().services().map(\.name)
        }
        return names ?? []
    }

    private static func names(in selection: StackSelection) -> [String] {
        let search = StackFileSearch(environment: selection.environment)
        // Standard input is the shell's, which would wait for its end.
        guard let files = try? search.files(named: selection.files), !files.contains("-") else { return [] }
        let profiles = Set(selection.profiles)
        let result = StackFile.load(files: files, environment: selection.environment, profiles: profiles)
        return result.spec?.services.map(\.name.text) ?? []
    }

    /// The stack that is meant by the options that are typed already.
    private var selection: StackSelection? {
        let ordered = (try? ArgumentOrder.commandFirst(Array(words.dropFirst()))) ?? []
        // After these, -f means "follow".
        let isShortFile = !["logs", "events"].contains(ordered.first)
        let pairs = zip(ordered, ordered.dropFirst()).filter { option, _ in
            ["--file", "--socket", "--profile"].contains(option) || option == "-f" && isShortFile
        }
        return try? GlobalOptions.parse(pairs.flatMap { [$0, $1] }).stack
    }
}
