/// A colour or weight of text on a terminal (ECMA-48, Select Graphic Rendition).
enum Style: Hashable, Sendable {
    case plain, bold, dim, red, green, yellow
    /// Dark on light.
    case inverse
    /// One of the colours that tell services apart.
    case service(Int)

    /// Cyan, yellow, green, magenta, blue, then the same bright; red stays free for what went wrong.
    static let serviceCodes = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94]

    private var code: Int {
        switch self {
        case .plain: 0
        case .bold: 1
        case .dim: 2
        case .red: 31
        case .green: 32
        case .yellow: 33
        case .inverse: 7
        case .service(let number): Self.serviceCodes[number % Self.serviceCodes.count]
        }
    }

    func applied(to text: String) -> String {
        self == .plain || text.isEmpty ? text : "\u{1B}[\(code)m\(text)\u{1B}[0m"
    }
}

/// Whether styles are written out or left away.
struct Palette: Hashable, Sendable {
    var isColoured: Bool

    func callAsFunction(_ style: Style, _ text: String) -> String {
        isColoured ? style.applied(to: text) : text
    }

    /// Colour is for terminals whose user did not decline it with NO_COLOR (no-color.org) and that are not `dumb`.
    static func suited(isTerminal: Bool, environment: [String: String], isDeclined: Bool = false) -> Palette {
        let isUnwanted = isDeclined || !(environment["NO_COLOR"] ?? "").isEmpty
        return Palette(isColoured: isTerminal && !isUnwanted && environment["TERM"] != "dumb")
    }
}

/// Whether the user's terminal shows more than ASCII, by POSIX' order of the locale's variables.
func isUTF8(environment: [String: String]) -> Bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
    return locale.lowercased().replacing("-", with: "").hasSuffix("utf8")
}
