import Testing

@testable import StackFile

@Suite struct AskedVariablesTests {
    private func result(_ files: [String: String], profiles: Set<String> = ["p"]) -> StackFile.LoadResult {
        StackFile.load(
            files: ["stack.yaml"], environment: ["UNUSED": "x"], profiles: profiles, from: MemoryFileSystem(files),
            in: "/srv")
    }

    @Test func everyVariableThatTheFilesReferTo() {
        let loaded = result([
            "stack.yaml": """
            include: [other/stack.yaml]
            services:
              web:
                command: [a, "$A", "${B:-${C}}", "${D:+x}", "$$E", "${run_dir}"]
                environment: [PASSED, OWN=1]
                env_file: web.env
            """,
            "other/stack.yaml": "services: {api: {command: [\"$F\"], environment: {G: }}}",
            "web.env": "X=${H}\n", ".env": "Y=$I\n",
        ])
        #expect(loaded.variables == ["A", "B", "C", "D", "PASSED", "F", "G", "H", "I"])
        #expect(loaded.files == ["/srv/.env", "/srv/stack.yaml", "/srv/other/stack.yaml", "/srv/web.env"])
    }

    @Test func profilesAreAskedForWhereNoneIsGiven() {
        let files = ["stack.yaml": "services: {web: {command: [a]}}"]
        #expect(result(files).variables == [])
        #expect(result(files, profiles: []).variables == ["STACK_PROFILES", "COMPOSE_PROFILES"])
    }

    @Test func aFileWithFaultsTellsThemToo() {
        let loaded = result(["stack.yaml": "services: {web: {command: [\"${A:?needed}\"]}}"])
        #expect(loaded.spec == nil)
        #expect(loaded.variables == ["A"])
        #expect(loaded.files == ["/srv/stack.yaml"])
    }
}
