/// The numbers of a list such as `0-3,7`, as the kernel writes ports and processors.
func numbers<Number: FixedWidthInteger>(
    listed text: String, as _: Number.Type
) -> Set<Number> where Number.Stride: SignedInteger {
    text.split(whereSeparator: { $0 == "," || $0.isWhitespace }).reduce(into: []) { numbers, entry in
        let bounds = entry.split(separator: "-").compactMap { Number($0) }
        guard let low = bounds.first, let high = bounds.last, low <= high else { return }
        numbers.formUnion(low...high)
    }
}
