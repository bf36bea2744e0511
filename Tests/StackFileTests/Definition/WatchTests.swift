import StackModel
import Testing

@testable import StackFile

@Suite struct WatchTests {
    @Test func forms() throws {
        #expect(try service("develop: {}").watches == [])
        #expect(try service("develop: {watch: []}").watches == [])
        let plain = try service("develop: {watch: [{path: ./src, action: restart}, {path: /etc/app.conf}]}").watches
        #expect(plain == [WatchSpec(path: "/srv/shop/src"), WatchSpec(path: "/etc/app.conf")])
        let all = try service(
            "develop: {watch: [{path: ., ignore: [node_modules/, \"*.log\"], include: \"**/*.py\", debounce: 1s}]}")
        #expect(
            try all.watches == [
                WatchSpec(
                    path: "/srv/shop", ignore: [PathPattern("node_modules/"), PathPattern("*.log")],
                    include: [PathPattern("**/*.py")], debounce: .seconds(1))
            ])
    }

    @Test(arguments: [
        ("develop: {watch: [{action: restart}]}", "3:23: error: a watch needs `path`; it is a path"),
        (
            "develop: {watch: [{path: a, action: sync}]}",
            "3:41: error: the action `sync` has no meaning without containers; the program runs from the host's files: use `restart`"
        ),
        (
            "develop: {watch: [{path: a, action: sync+restart}]}",
            "3:41: error: the action `sync+restart` has no meaning without containers; the program runs from the host's files: use `restart`"
        ),
        (
            "develop: {watch: [{path: a, action: sync+exec}]}",
            "3:41: error: the action `sync+exec` has no meaning without containers; the program runs from the host's files: use `restart`"
        ),
        (
            "develop: {watch: [{path: a, action: rebuild}]}",
            "3:41: error: the action `rebuild` has no meaning without containers; the program runs from the host's files: use `restart`, and let the build write what is watched"
        ),
        ("develop: {watch: [{path: a, action: reload}]}", "3:41: error: `action` cannot be `reload`; it is `restart`"),
        (
            "develop: {watch: [{path: a, target: /app}]}",
            "3:33: error: `target` is a place in a container; the program sees the host's files: leave it out"
        ),
        (
            "develop: {watch: [{path: a, initial_sync: true}]}",
            "3:33: error: `initial_sync` copies files into a container; the program sees the host's files: leave it out"
        ),
        (
            "develop: {watch: [{path: a, exec: {}}]}",
            "3:33: error: `exec` is run in a container after files were copied into it; use `action: restart`"
        ),
        (
            "develop: {watch: [{path: a, ignore: [../b]}]}",
            "3:42: error: the pattern `../b` leaves the watched path; it is relative to `path`: leave `..` out"
        ),
        (
            "develop: {watch: [{path: a, include: \"[a\"}]}",
            "3:42: error: the pattern `[a` has a `[` that is not closed; add a `]`, or write `\\[` for a bracket"
        ),
        (
            "develop: {watch: {path: a}}",
            "3:22: error: `watch` cannot be a mapping; it is a list such as `[{path: ./src, action: restart}]`"
        ),
        (
            "develop: {watch: [{path: a, debounce: soon}]}",
            "3:43: error: `debounce` cannot be `soon`; it is a duration such as `10s`, `500ms` or `1m30s`"
        ),
        ("develop: {wach: []}", "3:15: error: unknown key `wach`; did you mean `watch`?"),
    ])
    func watchFaults(keys: String, fault: String) {
        #expect(serviceFaults(keys) == [fault])
    }

    @Test func pathsOfAnIncludedFileStartFromItsDirectory() throws {
        let result = StackFile.load(
            files: ["/srv/shop/stack.yaml"], environment: [:],
            from: MemoryFileSystem([
                "/srv/shop/stack.yaml": "include: [api/stack.yaml]",
                "/srv/shop/api/stack.yaml": "services: {api: {command: [a], develop: {watch: [{path: src}]}}}",
            ]), in: "/")
        #expect(result.spec?.services.first?.watches.map(\.path) == ["/srv/shop/api/src"])
    }

    @Test func aLaterFileAddsItsOwn() {
        let files = [
            "/a.yaml": "name: x\nservices: {web: {command: [a], develop: {watch: [{path: a}]}}}",
            "/b.yaml": "services: {web: {develop: {watch: [{path: b}]}}}",
        ]
        let result = StackFile.load(
            files: ["/a.yaml", "/b.yaml"], environment: [:], from: MemoryFileSystem(files), in: "/")
        #expect(result.spec?.services.first?.watches.map(\.path) == ["/a", "/b"])
    }
}
