import StackModel
import Testing

@testable import StackFile

@Suite struct OrderKeysTests {
    private static let ready = "probes: {readiness: {tcp: 5432}}"

    @Test func theShortFormWaitsForReadinessWhereThereIsOne() throws {
        let web = try #require(
            try services(
                """
                services:
                  web: {command: [a], depends_on: [probed, plain, checked, notifying]}
                  plain: {command: [a]}
                  probed: {command: [a], \(Self.ready)}
                  checked: {command: [a], healthcheck: {test: [CMD, b]}}
                  notifying: {command: [a], notify: true}
                """)["web"])
        #expect(web.dependencies.map(\.service.text) == ["checked", "notifying", "plain", "probed"])
        #expect(web.dependencies.map(\.condition) == [.healthy, .healthy, .started, .healthy])
    }

    @Test func theLongFormNamesTheCondition() throws {
        let web = try #require(
            try services(
                """
                services:
                  web:
                    command: [a]
                    depends_on:
                      a: {condition: service_started}
                      b: {condition: service_healthy, required: true, restart: false}
                      c: {condition: service_completed_successfully}
                      d:
                  a: {command: [a], \(Self.ready)}
                  b: {command: [a], \(Self.ready)}
                  c: {command: [a]}
                  d: {command: [a], \(Self.ready)}
                """)["web"])
        #expect(web.dependencies.map(\.condition) == [.started, .healthy, .completedSuccessfully, .healthy])
    }

    @Test func whatIsAwaitedIsNotRestartedByDefault() throws {
        let all = try services(
            """
            services:
              web: {command: [a], depends_on: {job: {condition: service_completed_successfully}}}
              other: {command: [a], depends_on: {retried: {condition: service_completed_successfully}}}
              job: {command: [a], restart: {backoff: {initial: 1s}}}
              retried: {command: [a], restart: on-failure:3}
            """)
        #expect(all["job"]?.isAwaitedToComplete == true)
        #expect(all["job"]?.restart.mode == .no)
        #expect(all["retried"]?.isAwaitedToComplete == true)
        #expect(all["retried"]?.restart.mode == .onFailure(maximumRetries: 3))
        #expect(all["web"]?.isAwaitedToComplete == false)
        #expect(all["web"]?.restart.mode == .onFailure(maximumRetries: nil))
    }

    @Test func anOptionalDependencyMayBeMissing() throws {
        let result = load(
            "services: {web: {command: [a], depends_on: {db: {condition: service_healthy, required: false}}}}")
        #expect(result.spec?.services[0].dependencies == [])
        #expect(
            result.diagnostics.map(withoutExcerpt) == [
                "1:45: warning: service `db` is not there, so `web` does not wait for it"
            ])
    }

    @Test func aDependencyMayRestartItsDependents() throws {
        let all = try services(
            """
            services:
              web: {command: [a], depends_on: {db: {restart: true}, cache: {restart: false}}}
              api: {command: [a], depends_on: [db]}
              db: {command: [b]}
              cache: {command: [b]}
            """)
        #expect(all["web"]?.dependencies.map(\.restart) == [false, true])
        #expect(all["api"]?.dependencies.map(\.restart) == [false])
    }

    @Test(arguments: [
        ("depends_on: [dv]", "1:45: error: there is no service `dv`; did you mean `db`?"),
        (
            "depends_on: [cache]",
            "1:45: error: there is no service `cache`; add it, ask for its profile, or say `required: false`"
        ),
        ("depends_on: [db, db]", "1:49: error: `db` is listed twice; list it once"),
        (
            "depends_on: db",
            "1:44: error: `depends_on` cannot be `db`; it is a list of services, or a mapping such as `{db: {condition: service_healthy}}`"
        ),
        (
            "depends_on: {db: {condition: service_healty}}",
            "1:61: error: `condition` cannot be `service_healty`; did you mean `service_healthy`?"
        ),
        (
            "depends_on: {db: {condition: ready}}",
            "1:61: error: `condition` cannot be `ready`; it is `service_started`, `service_healthy` or `service_completed_successfully`"
        ),
        (
            "depends_on: {db: {condition: service_healthy}}",
            "1:61: error: `db` has no readiness, so it never gets healthy; give it a readiness probe, or wait for `service_started`"
        ),
        (
            "depends_on: {forever: {condition: service_completed_successfully}}",
            "1:66: error: `forever` is always restarted, so it never completes; set `restart: \"no\"` for it, or wait for another condition"
        ),
        ("depends_on: {db: {conditon: x}}", "1:50: error: unknown key `conditon`; did you mean `condition`?"),
        (
            "depends_on: {\"a b\": {}}",
            "1:45: error: `a b` is no name of a service; it is a letter or digit, then letters, digits, `.`, `_` and `-`, 63 at the most"
        ),
    ])
    func dependencyFaults(keys: String, fault: String) {
        let file =
            "services: {web: {command: [a], \(keys)}, db: {command: [a]}, forever: {command: [a], restart: always}}"
        #expect(faults(file) == [fault])
    }

    @Test func aFaultyProbeIsNotAlsoAMissingOne() {
        #expect(
            faults(
                """
                services:
                  web: {command: [a], depends_on: {db: {condition: service_healthy}}}
                  db: {command: [a], probes: {readiness: {tcp: 0}}}
                """) == [
                    "3:48: error: `0` is no port to connect to; it is a number from 1 to 65535, or the name of one of the service's ports"
                ])
    }

    @Test(arguments: [
        "replicas: 3", "scale: 3", "deploy: {replicas: 3}", "replicas: 3\ndeploy: {replicas: 3, mode: replicated}",
    ])
    func replicas(keys: String) throws {
        #expect(try service(keys).replicas == 3)
    }

    @Test(arguments: [
        ("replicas: -1", "3:15: error: `replicas` cannot be `-1`; it is a whole number from 0 to 1000"),
        ("replicas: many", "3:15: error: `replicas` cannot be `many`; it is a whole number from 0 to 1000"),
        ("replicas: 2\nscale: 3", "4:12: error: `scale` is 3, but `replicas` (at 3:15) is 2; keep one of them"),
        (
            "scale: 2\ndeploy: {replicas: 3}",
            "4:24: error: `deploy.replicas` is 3, but `scale` (at 3:12) is 2; keep one of them"
        ),
        ("deploy: {mode: global}", "3:20: error: `mode` cannot be `global`; it is `replicated`"),
        (
            "deploy: {labels: {}}",
            "3:14: error: `labels` is metadata of containers; keep notes under a key that begins with `x-`"
        ),
        ("deploy: {placement: {}}", "3:14: error: `placement` is for clusters; stackd runs one host: leave it out"),
    ])
    func replicasFaults(keys: String, fault: String) {
        #expect(serviceFaults(keys) == [fault])
    }
}
