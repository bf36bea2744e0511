import StackModel
import Testing

@testable import StackFile

@Suite struct TemplateParseTests {
    @Test func parses() {
        #expect(Template.parse("") == Template(parts: []))
        #expect(Template.parse("plain").parts == [.text("plain")])
        #expect(
            Template.parse("${state_dir}/pg-${replica.index}.${service.name}").parts == [
                .stateDirectory, .text("/pg-"), .replicaIndex, .text("."), .serviceName,
            ])
        #expect(Template.parse("${run_dir}${port.http}").parts == [.runDirectory, .port("http")])
        #expect(
            Template.parse("${listen.http.fd}${secret.db.key}").parts == [
                .listenerDescriptor("http"), .secret("db.key"),
            ])
        #expect(Template.parse("$$A $${run_dir} $$$$").parts == [.text("$A ${run_dir} $$")])
    }

    @Test func isTheInverseOfTheDescription() {
        for text in ["a$$b", "$$", "${run_dir}$$", "$${x}", "${port.a}${state_dir}x"] {
            #expect(Template.parse(text).description == text)
        }
    }

    @Test func isTotal() {
        for text in [
            "$ ${x} ${ $", "${port.}", "${port.a.b}", "${listen.a}", "${listen..fd}", "${listen.fd}", "${secret.}",
        ] {
            #expect(Template.parse(text).parts == [.text(text)])
        }
    }

    @Test func plainTextReportsReferences() {
        var diagnostics = DiagnosticList()
        let place = SourceLocation(file: "f", line: 1, column: 2)
        #expect(Template.plainText(of: "5$$", at: place, as: "a duration", into: &diagnostics) == "5$")
        #expect(!diagnostics.hasErrors)
        #expect(Template.plainText(of: "1${replica.index}s", at: place, as: "a duration", into: &diagnostics) == "1s")
        #expect(diagnostics.kept.map(\.message) == ["`${replica.index}` cannot stand in a duration"])
    }
}
