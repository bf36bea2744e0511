import FoundationEssentials
import HTTPTypes
import Hummingbird

/// `GET /items`, `POST /items` and `GET /items/:id`.
struct ItemRoutes {
    /// The longest body of a request, in bytes.
    static let longestBody = 64 << 10

    let items: ItemStore

    func add(to router: Router<ShopRequestContext>) {
        router.get("items", use: list)
        router.post("items", use: create)
        router.get("items/:id", use: show)
    }

    @Sendable private func list(_ request: Request, _ context: ShopRequestContext) async throws -> Response {
        let after = try request.wholeNumber("after", default: 0, in: 0...Int.max)
        return try .json(["items": try await items.list(after: after)])
    }

    @Sendable private func show(_ request: Request, _ context: ShopRequestContext) async throws -> Response {
        guard let id = context.parameters.get("id", as: Int.self), let item = try await items.item(id) else {
            throw APIError(.notFound, "no such item")
        }
        return try .json(item)
    }

    @Sendable private func create(_ request: Request, _ context: ShopRequestContext) async throws -> Response {
        struct NewItem: Decodable {
            var name: String
            var price: Int
        }
        let body = try await request.body.collect(upTo: Self.longestBody)
        guard let new = try? JSONDecoder().decode(NewItem.self, from: Data(body.readableBytesView)) else {
            throw APIError(.badRequest, "the body is not {\"name\": TEXT, \"price\": CENTS}")
        }
        // PostgreSQL's text can not hold a null character.
        guard (1...200).contains(new.name.count), !new.name.utf8.contains(0) else {
            throw APIError(.unprocessableContent, "name should have 1 to 200 characters")
        }
        guard (0...1_000_000_000).contains(new.price) else {
            throw APIError(.unprocessableContent, "price should be from 0 to 1000000000 cents")
        }
        guard let item = try await items.add(name: new.name, price: new.price) else {
            throw APIError(.internalServerError, "the item was not stored")
        }
        return try .json(item, status: .created, headers: [.location: "/items/\(item.id)"])
    }
}
