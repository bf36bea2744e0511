import PostgresPool

/// Something that the shop sells.
struct Item: Codable, Equatable, Sendable {
    var id: Int
    var name: String
    /// The price in cents.
    var price: Int
}

/// The items, in the table `items`.
struct ItemStore: Sendable {
    /// The most items that one answer lists.
    static let pageSize = 100

    private let database: PostgresPool

    init(_ database: PostgresPool) {
        self.database = database
    }

    /// Shows that the database answers and has the table; throws what it says otherwise.
    func check() async throws {
        _ = try await database.query("SELECT 1 FROM items LIMIT 1")
    }

    /// The items after an identifier, in the order of their identifiers.
    func list(after id: Int) async throws -> [Item] {
        try await database.query(
            "SELECT id, name, price FROM items WHERE id > $1 ORDER BY id LIMIT $2", ["\(id)", "\(Self.pageSize)"]
        ).compactMap(Self.item)
    }

    func item(_ id: Int) async throws -> Item? {
        try await database.query("SELECT id, name, price FROM items WHERE id = $1", ["\(id)"]).first.flatMap(Self.item)
    }

    /// Adds an item and returns it as it is stored; nil where the database did not say.
    func add(name: String, price: Int) async throws -> Item? {
        try await database.query(
            "INSERT INTO items (name, price) VALUES ($1, $2) RETURNING id, name, price", [name, "\(price)"]
        ).first.flatMap(Self.item)
    }

    private static func item(_ row: PostgresRow) -> Item? {
        guard row.columns.count == 3, let id = row.columns[0].flatMap({ Int($0) }), let name = row.columns[1],
            let price = row.columns[2].flatMap({ Int($0) })
        else { return nil }
        return Item(id: id, name: name, price: price)
    }
}
