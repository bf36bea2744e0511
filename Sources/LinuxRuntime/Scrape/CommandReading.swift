/// Runs a command, and takes the number that its output begins with.
public final class CommandReading {
    public enum Outcome: Hashable, Sendable {
        case number(Double)
        /// With what was seen instead.
        case failed(String)
    }

    private let program: ProbeProgram
    private let tools: ProbeTools
    private var completion: ((Outcome) -> Void)?
    private var process: ProbeProcess?
    private var timer: EventLoop.Timer?

    /// `completion` is called once, on the loop and never from within this call, after the timeout at the latest. Then,
    /// and after `cancel`, nothing of the command runs. It goes on whether or not it is kept.
    public init(
        _ program: ProbeProgram, timeout: Duration, loop: EventLoop, spawner: Spawner, exits: Exits,
        completion: @escaping (Outcome) -> Void
    ) {
        self.program = program
        self.completion = completion
        tools = ProbeTools(loop: loop, spawner: spawner, exits: exits)
        // Until it is over it is kept by its timer.
        timer = loop.schedule(after: timeout) { [self] in finish(.failed("it had not ended within \(timeout)")) }
        loop.schedule(after: .zero) { [weak self] in self?.begin() }
    }

    /// Ends it without an outcome.
    public func cancel() {
        if let timer { tools.loop.cancel(timer) }
        timer = nil
        process?.end()
        process = nil
        completion = nil
    }

    private func begin() {
        guard completion != nil else { return }
        do throws(ProbeFailure) {
            process = try ProbeProcess(program, tools: tools) { [unowned self] status in exited(status) }
        } catch {
            finish(.failed(error.words))
        }
    }

    private func exited(_ status: ProcessExit) {
        guard let process else { return }
        guard status == .exited(code: 0) else { return finish(.failed(process.words(for: status))) }
        let output = process.outputBeginning
        finish(
            Self.number(in: output).map { .number($0) }
                ?? .failed(output.isEmpty ? "it printed nothing" : "it printed no number: \(excerpt(of: output))"))
    }

    private func finish(_ outcome: Outcome) {
        let completion = completion
        cancel()
        completion?(outcome)
    }

    /// What it begins with: of `17 jobs` the 17. In a sentence a number could mean anything.
    static func number(in text: [UInt8]) -> Double? {
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0D).contains($0) }
        let word = text.drop(while: isSpace).prefix { !isSpace($0) && $0 != 0 }
        return MetricSample.number(word).flatMap { $0.isFinite ? $0 : nil }
    }
}
