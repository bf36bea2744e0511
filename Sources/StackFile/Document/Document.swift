/// The files of a stack as one tree: merged, interpolated, with includes, `extends`, profiles and `env_file` resolved.
///
/// Its scalars are in template form: `$$` stands for `$`, and what other `$` there is begins one of stackd's own
/// references (`${replica.index}` and the like); see `Template.parse`. Keys are plain text. What is resolved is gone
/// from the tree: `include`, `extends`, `env_file` and `profiles` have no entry, a service of an inactive profile has
/// none either, and no variable of an `environment` is without a value. Keys with two forms may stand in either; a
/// dependency that one file gives in the short form and another in the long one has an empty mapping for a value.
struct Document: Sendable {
    /// A mapping; empty where nothing could be read.
    var root: Node
    /// The directory that relative paths start from: that of the first file.
    var directory: String
    /// What was found so far; the definition layer appends to it.
    var diagnostics: DiagnosticList
    var sources: SourceTexts
    /// The names of the variables whose value was asked for, whether they are set or not.
    var variables: Set<String>
    /// The paths of the files that were read, in that order.
    var files: [String]
}
