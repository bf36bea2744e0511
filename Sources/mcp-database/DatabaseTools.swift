import ModelContextProtocol
import PostgresPool
import WorkloadKit

/// The tools, which read and never write.
struct DatabaseTools: Sendable {
    /// The most items that one call returns.
    static let mostItems = 100

    let database: PostgresPool
    let metrics: Metrics

    /// Shows that the database answers and has the table; throws what it says otherwise.
    func check() async throws {
        _ = try await database.query("SELECT 1 FROM items LIMIT 1")
    }

    private static let itemSchema: JSONValue = [
        "type": "object",
        "properties": [
            "id": ["type": "integer"], "name": ["type": "string"],
            "price": ["type": "integer", "description": "in cents"],
        ],
        "required": ["id", "name", "price"],
    ]

    var queryItems: Tool {
        Tool(
            name: "query_items", title: "Query items",
            description: "Finds items of the shop by a part of their name and a highest price, the newest first.",
            inputSchema: [
                "type": "object",
                "properties": [
                    "name": ["type": "string", "description": "A part of the name, whatever its case."],
                    "max_price": ["type": "integer", "minimum": 0, "description": "The highest price, in cents."],
                    "limit": ["type": "integer", "minimum": 1, "maximum": .integer(Self.mostItems), "default": 20],
                ],
                "additionalProperties": false,
            ],
            outputSchema: [
                "type": "object",
                "properties": ["items": ["type": "array", "items": Self.itemSchema]],
                "required": ["items"],
            ]
        ) { arguments in
            metrics.count("mcp_tool_calls_total", "Calls of tools.", labels: [("tool", "query_items")])
            let arguments = try Arguments(arguments, known: ["name", "max_price", "limit"])
            let name = try arguments.text("name")
            let price = try arguments.wholeNumber("max_price", in: 0...Int.max)
            let limit = try arguments.wholeNumber("limit", in: 1...Self.mostItems) ?? 20
            let rows = try await database.query(
                """
                SELECT id, name, price FROM items
                WHERE ($1::text IS NULL OR position(lower($1) IN lower(name)) > 0)
                    AND ($2::bigint IS NULL OR price <= $2::bigint)
                ORDER BY id DESC LIMIT $3::bigint
                """, [name, price.map { "\($0)" }, "\(limit)"])
            return ["items": .array(rows.map(Self.item))]
        }
    }

    var describeItems: Tool {
        Tool(
            name: "describe_items", title: "Describe the items",
            description: "Tells how many items the shop has, and the lowest and the highest price in cents.",
            inputSchema: ["type": "object", "additionalProperties": false],
            outputSchema: [
                "type": "object",
                "properties": [
                    "count": ["type": "integer"], "lowest_price": ["type": ["integer", "null"]],
                    "highest_price": ["type": ["integer", "null"]],
                ],
                "required": ["count", "lowest_price", "highest_price"],
            ]
        ) { arguments in
            metrics.count("mcp_tool_calls_total", "Calls of tools.", labels: [("tool", "describe_items")])
            _ = try Arguments(arguments, known: [])
            let row = try await database.query("SELECT count(*), min(price), max(price) FROM items").first
            let columns = (row?.columns ?? []).map(Self.number)
            guard columns.count == 3 else { throw ToolError("the database gave no answer") }
            return ["count": columns[0], "lowest_price": columns[1], "highest_price": columns[2]]
        }
    }

    private static func item(_ row: PostgresRow) -> JSONValue {
        guard row.columns.count == 3 else { return .null }
        return ["id": number(row.columns[0]), "name": .string(row.columns[1] ?? ""), "price": number(row.columns[2])]
    }

    private static func number(_ text: String?) -> JSONValue {
        text.flatMap { Int($0) }.map(JSONValue.integer) ?? .null
    }
}
