/// Bounds on what a stack file may ask for, so that every file is answered in bounded time and memory.
enum Limits {
    /// Bytes of one file: a stack of 500 services takes about a tenth of it.
    static let fileSize = 4 << 20
    /// Files read for one stack, with repetitions.
    static let files = 256
    /// Documents of one file, each of which is merged over those before.
    static let documents = 64
    /// Levels of a YAML document, aliases followed.
    static let depth = 64
    /// The weight (see `Node.weight`) of all trees together, aliases and `extends` expanded.
    static let weight = 250_000
    /// Bytes of one text that variables were put into.
    static let interpolatedText = 1 << 20
    /// Levels of `${A:-${B:-…}}`.
    static let interpolationDepth = 16
    static let includeDepth = 16
    static let extendsDepth = 32
}
