import Testing

@testable import CommandKit

struct ArgumentOrderTests {
    @Test(arguments: [
        ("-f x.yaml ps", "ps --file x.yaml"),
        ("-fx.yaml ps web", "ps --file x.yaml web"),
        ("--file=x.yaml --output=json ps", "ps --file=x.yaml --output=json"),
        ("-f a -f b up -f c", "up --file a --file b -f c"),
        ("--socket /s --profile dev logs -f --tail 3", "logs --socket /s --profile dev -f --tail 3"),
        ("ps -f x.yaml", "ps -f x.yaml"),
        ("-f x rollout --socket /s status web --no-wait", "rollout status --file x --socket /s web --no-wait"),
        ("rollout", "rollout"),
        ("rollout --help", "rollout --help"),
        ("--help", "--help"),
        ("--unknown ps", "--unknown ps"),
        ("", ""),
    ])
    func leadingOptionsFollowTheCommand(given: String, expected: String) throws {
        #expect(try ArgumentOrder.commandFirst(words(given)) == words(expected))
    }

    @Test(arguments: ["-f", "--socket", "-f a --output", "-f a --output json"])
    func aMissingValueOrCommandIsAUsageError(given: String) {
        let failure = #expect(throws: CommandFailure.self) { try ArgumentOrder.commandFirst(words(given)) }
        #expect(failure?.status == .usage)
    }
}

func words(_ text: String) -> [String] {
    text.split(separator: " ").map(String.init)
}
