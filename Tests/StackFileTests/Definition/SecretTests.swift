import StackModel
import Testing

@testable import StackFile

@Suite struct SecretTests {
    private static func file(_ keys: String, secrets: String = "{key: {file: ./key.pem}, db.password: {file: /etc/db}}")
        -> String
    {
        "secrets: \(secrets)\nservices: {web: {command: [serve], \(keys)}}\n"
    }

    private func web(_ keys: String) throws -> ServiceSpec {
        try #require(try services(Self.file(keys))["web"])
    }

    @Test func aServiceNamesWhatItReads() throws {
        let expected = [
            SecretSpec(name: "db.password", path: "/etc/db"), SecretSpec(name: "key", path: "/srv/shop/key.pem"),
        ]
        #expect(try web("secrets: [key, db.password]").secrets == expected)
        #expect(try web("secrets: [{source: key}, {source: db.password}]").secrets == expected)
        #expect(try web("nice: 1").secrets == [])
    }

    @Test func referencesBecomePaths() throws {
        let spec = try web(
            """
            secrets: [key, db.password], environment: {KEY: "file:${secret.key}${run_dir}", P: "${secret.db.password}"},
            pre_stop: [a, "${secret.key}"], probes: {readiness: {exec: [b, "${secret.key}"]}}
            """)
        #expect(
            spec.process.environment == [
                EnvironmentVariable(
                    name: "KEY", value: Template(parts: [.text("file:/srv/shop/key.pem"), .runDirectory])),
                EnvironmentVariable(name: "P", value: "/etc/db"),
            ])
        #expect(spec.stop.preStop == ["a", "/srv/shop/key.pem"])
        #expect(spec.probes.readiness?.handler == .exec(command: ["b", "/srv/shop/key.pem"]))
    }

    @Test func thePlaceOfTheSecretsDoesNotMatter() throws {
        let all = try services(
            """
            services: {web: {command: [a, "${secret.x}"], secrets: [x]}}
            secrets: {x: {file: ../x}, x-note: 1}
            """)
        #expect(all["web"]?.process.command == ["a", "/srv/x"])
    }

    @Test func anIncludedFilesPathsStartFromItsDirectory() {
        let result = StackFile.load(
            files: ["/srv/shop/stack.yaml"], environment: [:],
            from: MemoryFileSystem([
                "/srv/shop/stack.yaml": "include: [db/stack.yaml]",
                "/srv/shop/db/stack.yaml": "services: {db: {command: [a], secrets: [p]}}\nsecrets: {p: {file: ./p}}",
            ]), in: "/")
        #expect(result.spec?.services.first?.secrets == [SecretSpec(name: "p", path: "/srv/shop/db/p")])
    }

    @Test(arguments: [
        ("on_secret_change: rollout", SecretChangeAction.rollout), ("on_secret_change: none", .nothing),
        ("on_secret_change: SIGHUP", .signal(.hangup)), ("on_secret_change: {signal: HUP}", .signal(.hangup)),
        ("nice: 1", .rollout),
    ])
    func actions(keys: String, action: SecretChangeAction) throws {
        #expect(try web("secrets: [key], \(keys)").onSecretChange == action)
    }

    @Test(arguments: [
        ("secrets: [keys]", "2:46: error: there is no secret `keys`; did you mean `key`?"),
        (
            "secrets: [token]",
            "2:46: error: there is no secret `token`; add it to the file's `secrets`: `token: {file: PATH}`"
        ),
        ("secrets: [key, key]", "2:51: error: `key` is listed twice; list it once"),
        (
            "secrets: [{source: key, target: /run/key}]",
            "2:60: error: `target` is about a copy in a container; the program reads the host's file, whose path is `${secret.NAME}`: leave it out"
        ),
        (
            "environment: {A: \"${secret.key}\"}",
            "2:53: error: `${secret.key}` leads to no secret of `web`; add it: `secrets: [key]`"
        ),
        (
            "secrets: [key], environment: {A: \"${secret.kye}\"}",
            "2:69: error: `${secret.kye}` leads to no secret of `web`; did you mean `key`?"
        ),
        (
            "secrets: [key], user: \"${secret.key}\"",
            "2:58: error: `${secret.key}` cannot stand in `user`; it is a path for commands and the environment"
        ),
        (
            "on_secret_change: none",
            "2:54: error: the service has no `secrets`, so none of them changes; name them: `secrets: [NAME]`"
        ),
        (
            "secrets: [key], on_secret_change: explode",
            "2:70: error: `on_secret_change` cannot be `explode`; it is `rollout`, `none`, or a signal such as `SIGHUP` or `{signal: SIGHUP}`"
        ),
    ])
    func faultsOfServices(keys: String, fault: String) {
        #expect(faults(Self.file(keys)) == [fault])
    }

    @Test(arguments: [
        (
            "{key: {environment: KEY}}",
            [
                "1:16: error: a secret needs `file`; it is a path",
                "1:17: error: `environment` would put the secret where every process of its user can read it; write it to a file, and name that: `file: PATH`",
            ]
        ),
        (
            "{key: {file: a, external: true}}",
            ["1:26: error: `external` is for platforms that keep secrets; name a file: `file: PATH`"]
        ),
        ("{key: {}}", ["1:16: error: a secret needs `file`; it is a path"]),
        ("{key: {flie: a}}", ["1:17: error: unknown key `flie`; did you mean `file`?"]),
        ("{key: ./key}", ["1:16: error: `key` cannot be `./key`; it is a mapping with `file`"]),
    ])
    func faultsOfTheFile(secrets: String, found: [String]) {
        // What the service says of a faulty one is no further fault.
        #expect(faults(Self.file("secrets: [key], environment: {A: \"${secret.key}\"}", secrets: secrets)) == found)
    }
}
