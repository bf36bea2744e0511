import ControlProtocol
import HTTPTypes
import HummingbirdCore
import StackModel

/// The API, in its own words.
enum DescriptionRoutes {
    static let all: [Route] = [
        .get(
            "/v1/openapi.json", .read, "This description of the control API.",
            answers: [
                Route.Answer(status: .ok, text: "OpenAPI 3.1.", content: ("application/json", .anyObject))
            ]
        ) { call throws(ControlProblem) in
            Response(text: OpenAPI.text, mediaType: "application/json")
        }
    ]
}
