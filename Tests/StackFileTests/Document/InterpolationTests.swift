import Testing

@testable import StackFile

@Suite struct InterpolationTests {
    private static let variables = ["A": "a", "EMPTY": "", "MONEY": "5$$", "_x1": "under"]

    private func expand(_ text: String) -> String {
        let result = Interpolation(text) { Self.variables[$0] }
        return ([result.text] + result.faults.map { "\($0.dollar) \($0.message)" }).joined(separator: " | ")
    }

    @Test(arguments: [
        ("plain", "plain"), ("$A", "a"), ("${A}", "a"), ("x$A-y", "xa-y"), ("$A$A", "aa"), ("${A}b", "ab"),
        ("$_x1", "under"),
        ("$$", "$$"), ("$$A", "$$A"), ("$$$A", "$$a"), ("$${A}", "$${A}"), ("$MONEY", "5$$"),
        ("${A:-d}", "a"), ("${EMPTY:-d}", "d"), ("${NO:-d}", "d"), ("${A-d}", "a"), ("${EMPTY-d}", ""),
        ("${NO-d}", "d"),
        ("${A:+r}", "r"), ("${EMPTY:+r}", ""), ("${NO:+r}", ""), ("${A+r}", "r"), ("${EMPTY+r}", "r"), ("${NO+r}", ""),
        ("${A:?m}", "a"), ("${EMPTY?m}", ""), ("${NO:-}", ""), ("${NO:-a:b-c?d}", "a:b-c?d"),
        ("${NO:-${A}}", "a"), ("${NO:-$A}", "a"), ("${NO:-${NO2:-$A}x}y", "axy"), ("${NO:-$$5}", "$$5"),
        ("${NO:-{\"k\": 1}}", "{\"k\": 1}"), ("é${A}é", "éaé"),
    ])
    func substitutes(text: String, result: String) {
        #expect(expand(text) == result)
    }

    @Test(arguments: ["${state_dir}", "${run_dir}", "${service.name}", "${replica.index}", "${port.http-2_x}"])
    func keepsStackdsOwn(reference: String) {
        #expect(expand(reference) == reference)
        #expect(expand("${NO:-\(reference)/x}") == "\(reference)/x")
    }

    @Test func bareReferencesAreStackdsOwnToo() {
        #expect(expand("$run_dir/x $state_dir") == "${run_dir}/x ${state_dir}")
    }

    @Test(arguments: [
        ("$NO", " | 0 the variable `NO` is not set; the empty text takes its place"),
        ("a ${NO} b", "a  b | 0 the variable `NO` is not set; the empty text takes its place"),
        ("${NO:?give it}", " | 0 the variable `NO` is required: give it"),
        ("${EMPTY:?}", " | 0 the variable `EMPTY` is required"),
        ("${NO?needs $A}", " | 0 the variable `NO` is required: needs a"),
        ("a$", "a$$ | 0 a single `$` begins a variable"),
        ("$A $ x", "a $$ x | 1 a single `$` begins a variable"),
        ("$1", "$$1 | 0 a single `$` begins a variable"),
        ("${}", " | 0 `${` is not followed by a variable's name"),
        ("${ A }", " | 0 `${` is not followed by a variable's name"),
        ("${A", " | 0 `${A` is not closed"),
        ("${A:-b", " | 0 `${A` is not closed"),
        ("${A:x}b", "b | 0 `${A` is not followed by `}`"),
        ("${A/a/b}", " | 0 `${A` is not followed by `}`"),
        ("${replica.idx}b$A", "ba | 0 `${replica.idx}` is not known"),
        ("$$ ${port.}", "$$  | 2 `${port.}` is not known"),
        ("${port.a.b}", " | 0 `${port.a.b}` is not known"),
        ("${service.name:-x}", " | 0 `${service.name}` takes no default"),
        ("${state_dir:-x}", " | 0 `${state_dir}` takes no default"),
        ("${state_dir", " | 0 `${state_dir` is not closed"),
    ])
    func reports(text: String, result: String) {
        #expect(expand(text) == result)
    }

    @Test func whatIsNotUsedIsOnlyCheckedForItsForm() {
        #expect(expand("${A:-${NO:?m}}") == "a")
        #expect(expand("${A:-$NO}") == "a")
        #expect(expand("${A:-$}") == "a | 1 a single `$` begins a variable")
    }

    @Test func suggests() {
        let faults = { (text: String) in Interpolation(text) { _ in nil }.faults.map { $0.remedy ?? "" } }
        #expect(faults("${replica.idx}") == ["did you mean `${replica.index}`?"])
        #expect(faults("${srevice.name}") == ["did you mean `${service.name}`?"])
        #expect(faults("${state_dri}") == ["did you mean `${state_dir}`?"])
        #expect(
            faults("${db.host}") == [
                "there are `${replica.index}`, `${service.name}`, `${port.NAME}`, `${listen.NAME.fd}` and `${secret.NAME}`"
            ])
        #expect(faults("$HOST") == ["set it, or give a default: `${HOST:-default}`"])
    }

    @Test func isBounded() {
        let deep = String(repeating: "${A:-", count: 1000) + String(repeating: "}", count: 1000)
        #expect(
            Interpolation(deep) { _ in nil }.faults.first?.message == "variables are nested more than 16 levels deep")
        let long = String(repeating: "$A", count: 100)
        let result = Interpolation(long, limit: 1000) { _ in String(repeating: "x", count: 100) }
        #expect(result.faults.map(\.message) == ["the text gets longer than 1000 bytes"])
        #expect(result.text.utf8.count <= 1200)
    }

    @Test func pointsAtTheVariableInTheFile() {
        let document = loadDocument(
            """
            a: x ${replica.idx}
            b: "é $1"
            c: |
              first $$ line
              second ${A
            d: >-
              folded
              text $NO
            """)
        #expect(
            document.faults == [
                "1:6 error: `${replica.idx}` is not known; did you mean `${replica.index}`?",
                "2:7 error: a single `$` begins a variable; write `$$` for a dollar sign",
                "5:10 error: `${A` is not closed; add a `}`",
                "8:8 warning: the variable `NO` is not set; the empty text takes its place; set it, or give a default: `${NO:-default}`",
            ])
    }

    @Test func keysStayAndUnsetVariablesAreToldOnce() {
        let document = loadDocument("$A: $NO\nb: [$NO, \"${NO}\"]\n")
        #expect(document.text == "{$A: , b: [, '']}")
        #expect(document.faults.count == 1)
        #expect(!document.diagnostics.hasErrors)
    }

    @Test func valuesOfVariablesAreLiteral() {
        let document = loadDocument(
            "a: ${PRICE}\nb: '5$$'\nc: \"\\x24PRICE\"\n", environment: ["PRICE": "$5 ${run_dir}"])
        #expect(document.text == "{a: $$5 $${run_dir}, b: '5$$', c: '$$5 $${run_dir}'}")
        #expect(document.faults == [])
    }

    @Test func theProcessWinsOverTheEnvironmentFile() {
        let files = ["stack.yaml": "a: $X $Y $Z\n", ".env": "X=file\nY=file\nZ=${X}-${Y}\n"]
        #expect(loadDocument(files, environment: ["X": "process"]).text == "{a: process file file-file}")
    }

    @Test func expansionsAreBoundedTogether() {
        let big = String(repeating: "x", count: 1 << 19)
        let text = "a: [" + String(repeating: "$BIG,", count: 200) + "]"
        let faults = loadDocument(text, environment: ["BIG": big]).faults
        #expect(faults.count == 1)
        #expect(faults.first?.contains("too large") == true)
    }
}
