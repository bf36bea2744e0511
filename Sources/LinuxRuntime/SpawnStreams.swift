import Glibc

/// The standard streams of a program, seen from the other side: pipes, or one terminal.
///
/// The program's ends are lent for its spawn and closed then, so that its death is seen here.
public final class SpawnStreams {
    /// Which of the program's outputs; a terminal has but one.
    public enum Source: Sendable {
        case output, error
    }

    /// Takes what the program wrote. False: no more until `resume`.
    public typealias Taker = (Source, [UInt8]) -> Bool

    private var outputs: [SpawnOutput] = []
    private var input: SpawnInput?
    /// The terminal's other end.
    private var driver: Descriptor?
    private var theirInput: Descriptor?
    private var theirOutput: Descriptor?
    private var theirError: Descriptor?

    /// Three pipes, or two and an empty input. Of what the program does not read, up to `inputCapacity` bytes are kept.
    public init(
        withInput: Bool, inputCapacity: Int, loop: EventLoop, take: @escaping Taker
    ) throws(SystemError) {
        let output = try Pipe()
        let error = try Pipe()
        theirOutput = .some(output.writer)
        theirError = .some(error.writer)
        outputs = [
            try SpawnOutput(output.reader, loop: loop) { take(.output, $0) },
            try SpawnOutput(error.reader, loop: loop) { take(.error, $0) },
        ]
        guard withInput else { return }
        let pipe = try Pipe.forInput()
        theirInput = .some(pipe.reader)
        input = SpawnInput(pipe.writer, isTerminal: false, capacity: inputCapacity, loop: loop)
    }

    /// A terminal, which belongs to the user `owner`, or else to the caller.
    public init(
        terminal size: TerminalSize, owner: UInt32?, inputCapacity: Int, loop: EventLoop, take: @escaping Taker
    ) throws(SystemError) {
        let terminal = try Terminal(size, owner: owner)
        theirInput = .some(terminal.terminal)
        let writer = try terminal.driver.duplicate(from: 0)
        input = SpawnInput(writer, isTerminal: true, capacity: inputCapacity, loop: loop)
        outputs = [try SpawnOutput(try terminal.driver.duplicate(from: 0), loop: loop) { take(.output, $0) }]
        driver = .some(terminal.driver)
    }

    public var isTerminal: Bool { driver != nil }

    /// Lends the program's ends for a spawn, and closes them here when it is over.
    public func withTheirEnds<Result: ~Copyable, Failure: Error>(
        in request: inout SpawnRequest, _ body: (SpawnRequest) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer {
            theirInput = nil
            theirOutput = nil
            theirError = nil
        }
        request.standardInput = theirInput?.number
        request.standardOutput = theirOutput?.number ?? theirInput?.number
        request.standardError = theirError?.number ?? theirInput?.number
        request.takesTerminal = isTerminal
        return try body(request)
    }

    /// Reads on, after the taker wanted no more.
    public func resume() throws(SystemError) {
        for output in outputs { try output.resume() }
    }

    /// Passes bytes on to the program's input, and its end after them. False: they do not fit now, and none was taken.
    public func write(_ bytes: [UInt8], isLast: Bool) throws(SystemError) -> Bool {
        try input?.write(bytes, isLast: isLast) ?? true
    }

    /// Calls `action` once, which may be at once: when all input is with the program, or it takes none any more.
    public func whenInputWritten(_ action: @escaping () -> Void) {
        guard let input else { return action() }
        input.whenWritten(action)
    }

    /// Without effect where there is no terminal.
    public func resize(to size: TerminalSize) throws(SystemError) {
        guard let number = driver?.number else { return }
        try Terminal.resize(number, to: size)
    }

    /// Hands on what the program has written up to now, at the taker's pace, and no more: others may hold its ends for
    /// ever. Then calls `completion`, which may be from within this call.
    public func drain(_ completion: @escaping () -> Void) {
        var remaining = outputs.count
        for output in outputs {
            output.drain {
                remaining -= 1
                if remaining == 0 { completion() }
            }
        }
    }

    /// Closes everything; a terminal's processes are told by SIGHUP.
    public func close() {
        for output in outputs { output.close() }
        input?.close()
        driver = nil
    }
}
