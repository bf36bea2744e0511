/// The candidate that a misspelt word was probably meant to be; nil where none is near enough.
///
/// Near enough is a third of the word's length, at least one edit; of equally near candidates the first one wins.
/// Distance: optimal string alignment (Damerau-Levenshtein without edits inside a transposition).
public func suggestion(for word: String, among candidates: some Sequence<String>) -> String? {
    let letters = Array(word.utf8.prefix(maximumSuggestionLength + 1)).map(lowercased)
    guard !letters.isEmpty, letters.count <= maximumSuggestionLength else { return nil }
    var best: (candidate: String, distance: Int)?
    for candidate in candidates {
        let limit = min(max(1, letters.count / 3), (best?.distance ?? Int.max) - 1)
        let other = Array(candidate.utf8.prefix(maximumSuggestionLength + 1)).map(lowercased)
        guard limit >= 0, abs(other.count - letters.count) <= limit else { continue }
        let distance = alignmentDistance(letters, other)
        if distance <= limit { best = (candidate, distance) }
    }
    return best?.candidate
}

/// Keys are short: anything longer is no misspelling, and the distance's cost grows with the product of the lengths.
private let maximumSuggestionLength = 64

private func lowercased(_ byte: UInt8) -> UInt8 {
    (0x41...0x5A).contains(byte) ? byte + 0x20 : byte
}

private func alignmentDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for row in left.indices {
        var current = [row + 1]
        for column in right.indices {
            let isSame = left[row] == right[column]
            var distance = min(last[column + 1] + 1, current[column] + 1, last[column] + (isSame ? 0 : 1))
            if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                distance = min(distance, beforeLast[column - 1] + 1)
            }
            current.append(distance)
        }
        (beforeLast, last) = (last, current)
    }
    return last[right.count]
}
