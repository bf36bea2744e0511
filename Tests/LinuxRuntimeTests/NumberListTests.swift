import Testing

@testable import LinuxRuntime

@Suite struct NumberListTests {
    @Test func readsNumbersAndRanges() {
        #expect(numbers(listed: "8080,9148-9150\n", as: UInt16.self) == [8080, 9148, 9149, 9150])
        #expect(numbers(listed: "0-3,7", as: Int.self) == [0, 1, 2, 3, 7])
        #expect(numbers(listed: "\n", as: Int.self) == [])
        #expect(numbers(listed: "5-2,x,99999", as: UInt16.self) == [])
    }
}
