extension TextOutput {
    /// Names, one a line, or as one array.
    func write(_ names: [String], as format: OutputFormat) throws {
        switch format {
        case .json: try writeLine(JSONText.document(names))
        case .table: for name in names { try writeLine(name) }
        }
    }
}
