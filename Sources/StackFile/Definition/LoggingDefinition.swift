import StackModel

/// What is kept of the output, as the file gives it.
struct LoggingDraft: Sendable {
    var destination: Located<LogSpec.Destination>?
    var options: Located<LoggingOptions>?
    var maximumSize: Located<ByteCount>?
    var maximumFiles: Located<Int>?
    var maximumAge: Located<Duration>?
    var compresses: Located<Bool>?
}

/// Compose's names of the same.
struct LoggingOptions: Sendable {
    var maximumSize: Located<ByteCount>?
    var maximumFiles: Located<Int>?
    var compresses: Located<Bool>?
}

extension LogSpec.Destination {
    static let names: KeyValuePairs<String, LogSpec.Destination> = [
        "local": .files(.text), "json-file": .files(.json), "journald": .journal, "none": .nowhere,
    ]

    /// Compose's name of the driver.
    var name: String { Self.names.first { $0.value == self }?.key ?? "" }
}

extension Definition where Value == LogSpec {
    static let logging: Definition = Definition<LoggingDraft>.mapping(
        "`logging`", LoggingDraft.init, fields: LoggingDraft.fields
    ).refine { draft, _, report in
        draft.checkNamesGivenTwice(&report)
        draft.checkKeysWithoutFiles(&report)
        let (options, standard) = (draft.options?.value, LogSpec())
        return LogSpec(
            destination: draft.destination?.value ?? standard.destination,
            maximumSize: (draft.maximumSize ?? options?.maximumSize)?.value ?? standard.maximumSize,
            maximumFiles: (draft.maximumFiles ?? options?.maximumFiles)?.value ?? standard.maximumFiles,
            maximumAge: draft.maximumAge?.value,
            compresses: (draft.compresses ?? options?.compresses)?.value ?? standard.compresses)
    }
}

extension LoggingDraft {
    private static let smallestFile: Int64 = 4096

    static let fields: [Field<LoggingDraft>] = [
        Field(
            "driver", \.destination, .choice(LogSpec.Destination.names), default: "local",
            "Where lines go: text files, files of a JSON object a line, the host's journal, or nowhere."),
        Field(
            "options", \.options,
            .mapping(
                "`options` of `logging`", LoggingOptions.init,
                fields: [
                    Field("max-size", \.maximumSize, .size(atLeast: smallestFile), "Compose's name of `max_size`."),
                    Field("max-file", \.maximumFiles, .integer(1...1000), "Compose's name of `max_files`."),
                    Field("compress", \.compresses, .option, "Compose's name of `compress`."),
                ]), "Compose's `max-size`, `max-file` and `compress`."),
        Field(
            "max_size", \.maximumSize, .size(atLeast: smallestFile), default: "20M",
            "A file is rotated before it grows beyond this."),
        Field(
            "max_files", \.maximumFiles, .integer(1...1000), default: "5",
            "How many files are kept, the current one included."),
        Field("max_age", \.maximumAge, .positiveDuration, "A file is rotated when its first line is so old."),
        Field(
            "compress", \.compresses, .boolean, default: "false", "Files that were rotated away are compressed (gzip)."),
    ]

    func checkNamesGivenTwice(_ report: inout Report) {
        let options = options?.value
        for (own, compose, names) in [
            (maximumSize?.location, options?.maximumSize?.location, "`max_size` and `max-size`"),
            (maximumFiles?.location, options?.maximumFiles?.location, "`max_files` and `max-file`"),
            (compresses?.location, options?.compresses?.location, "`compress` and `options.compress`"),
        ] {
            if let own, compose != nil { report.error(at: own, "\(names) are both given", remedy: "keep one of them") }
        }
    }

    /// A key that nothing would come of is a mistake.
    func checkKeysWithoutFiles(_ report: inout Report) {
        let reason: String
        switch destination?.value {
        case .files, nil: return
        case .journal: reason = "the journal keeps as much as journald.conf(5) says"
        case .nowhere: reason = "nothing is kept"
        }
        let options = options?.value
        let keys = [
            ("max_size", maximumSize?.location), ("max-size", options?.maximumSize?.location),
            ("max_files", maximumFiles?.location), ("max-file", options?.maximumFiles?.location),
            ("max_age", maximumAge?.location), ("compress", (compresses ?? options?.compresses)?.location),
        ]
        for (key, location) in keys {
            guard let location else { continue }
            report.error(
                at: location, "`\(key)` is about files, and with this `driver` \(reason)", remedy: "leave it out")
        }
    }
}

extension Definition where Value == Bool {
    /// Options of Compose are texts.
    fileprivate static let option = Definition(
        form: boolean.form, schema: ["enum": [true, false, "true", "false"]], read: boolean.read)
}
