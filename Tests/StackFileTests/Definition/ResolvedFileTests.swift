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
                services:
                  web:
                    command: [serve]
                    stdin_open: false
                    no_new_privileges: false
                    replicas: 1
                    listen:
                      http:
                        address: "0.0.0.0:80"
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

                """)
    }
}
