import StackModel
import Testing

@testable import StackFile

@Suite struct ResolvedFileTests {
    @Test(arguments: 0..<400 as Range<UInt64>)
    func loadingItAgainGivesTheSameSpec(seed: UInt64) throws {
        var random = RandomStack(seed: seed)
        let spec = random.spec()
        let file = ResolvedFile(spec)
        for text in [file.yaml, file.json] {
            let again = load(text)
            try #require(again.spec == spec, "\(text)\n\(again.diagnostics.map(\.text))")
            #expect(again.resolved == file)
        }
    }

    @Test func nothingIsLeftToBeGuessed() {
        let text = load("services: {web: {command: serve, listen: {http: \":80\"}, notify: true}}").resolved?.yaml
        #expect(
            text == """
                name: shop
                sampling: "1m"
                services:
                  web:
                    command: [serve]
                    stdin_open: false
                    no_new_privileges: false
                    replicas: 1
                    listen:
                      http:
                        address: "0.0.0.0:80"
                        backlog: 4096
                        reuse_port: false
                        keepalive: false
                    notify: true
                    start_timeout: "1m30s"
                    restart:
                      policy: on-failure
                      backoff:
                        initial: "500ms"
                        factor: 2
                        max: "1m"
                    stop_signal: SIGTERM
                    stop_grace_period: "10s"
                    drain: "0s"
                    logging:
                      driver: local
                      max_size: "20M"
                      max_files: 5
                      compress: false
                    rollout:
                      max_surge: 1
                      max_unavailable: 0
                      min_ready: "0s"
                      delay: "0s"
                      progress_deadline: "10m"
                      on_failure: rollback
                      max_failure_ratio: 0

                """)
    }

    @Test func secretsRoutesAndStepsAreWrittenOut() {
        let text =
            load(
                """
                secrets: {key: {file: key.pem}, unused: {file: x}}
                services:
                  web:
                    command: serve ${secret.key}
                    secrets: [key]
                    on_secret_change: SIGHUP
                    ports: {http: auto}
                    listen: {log: unix-dgram:@log, udp: "*:53/udp"}
                    route: {web: {listen: ":80", host: a.example}}
                    rollout:
                      order: stop-first
                      rollback: {max_surge: 50%}
                      steps:
                        - pause: {}
                        - analysis: {metrics: [{route: error_rate, success: < 1%, failure: ">= 5%"}]}
                """
            ).resolved?.yaml ?? ""
        for part in [
            "secrets:\n  key:\n    file: /srv/shop/key.pem\nsampling: \"1m\"\nservices:",
            "command: [serve, /srv/shop/key.pem]",
            "secrets: [key]", "on_secret_change:\n      signal: SIGHUP",
            "log:\n        address: \"unix-dgram:@log\"\n      udp:\n        address: \"udp:*:53\"\n        reuse_port: false",
            "web:\n        listen: \"0.0.0.0:80\"\n        to: http\n        mode: http\n        host: [a.example]\n"
                + "        drain: \"30s\"\n        queue_timeout: \"30s\"",
            "- pause: {}\n        - analysis:",
            "- name: error_rate\n                route:\n                  name: web",
            "success: \"< 0.01\"\n                failure: \">= 0.05\"",
            "rollback:\n        max_surge: \"50%\"\n        max_unavailable: 0",
        ] {
            #expect(text.contains(part), "\(part)\n\n\(text)")
        }
    }
}
