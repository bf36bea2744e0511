/// A value of which only the form counts: its meaning is another layer's.
struct CheckedDraft: Sendable {}

/// The keys that the document layer carries out, and checks, before anything is decoded; here they have a schema only.
extension Definition where Value == CheckedDraft {
    static let environmentFiles: Definition = Definition(
        form: "a path, or a list of paths or `{path: …, required: …}`",
        schema: [
            "anyOf": [
                ["type": "string"],
                [
                    "type": "array",
                    "items": [
                        "anyOf": [
                            ["type": "string"],
                            [
                                "type": "object", "required": ["path"], "additionalProperties": false,
                                "properties": [
                                    "path": ["type": "string"], "required": ["type": "boolean"],
                                    "format": ["enum": ["raw"]],
                                ],
                            ],
                        ]
                    ],
                ],
            ]
        ]
    ) { _, _, _ in CheckedDraft() }

    static let `extension`: Definition = Definition(
        form: "a service, or `{service: …, file: …}`",
        schema: [
            "anyOf": [
                ["type": "string"],
                [
                    "type": "object", "required": ["service"], "additionalProperties": false,
                    "properties": ["service": ["type": "string"], "file": ["type": "string"]],
                ],
            ]
        ]
    ) { _, _, _ in CheckedDraft() }

    static let includes: Definition = Definition(
        form: "a list of files",
        schema: [
            "type": "array",
            "items": [
                "anyOf": [
                    ["type": "string"],
                    [
                        "type": "object", "required": ["path"], "additionalProperties": false,
                        "properties": [
                            "path": ["anyOf": [["type": "string"], ["type": "array", "items": ["type": "string"]]]],
                            "project_directory": ["type": "string"],
                            "env_file": [
                                "anyOf": [["type": "string"], ["type": "array", "items": ["type": "string"]]]
                            ],
                        ],
                    ],
                ]
            ],
        ]
    ) { _, _, _ in CheckedDraft() }
}
