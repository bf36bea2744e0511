import StackModel
import Testing

@testable import StackFile

@Suite struct RefusedKeysTests {
    @Test(arguments: RefusedKey.ofServices.map(\.name))
    func everyRefusedKeyOfAServiceIsReported(key: String) {
        let found = load(file("\(key): x\ncommand: [a]")).diagnostics
        #expect(found.count == 1)
        #expect(found.first?.severity == .error)
        #expect(found.first?.message.hasPrefix("`\(key)` ") == true)
        #expect(found.first?.remedy?.isEmpty == false)
        #expect(found.first?.location == SourceLocation(file: "/srv/shop/stack.yaml", line: 3, column: 5))
    }

    @Test(arguments: RefusedKey.ofStacks.map(\.name))
    func everyRefusedKeyOfTheFileIsReported(key: String) {
        let found = load("\(key): {}\nservices: {a: {command: [a]}}").diagnostics
        #expect(found.count == 1)
        #expect(found.first?.message.hasPrefix("`\(key)` ") == true)
        #expect(found.first?.location?.line == 1)
    }

    @Test func noKeyIsBothTakenAndRefused() {
        #expect(Set(ServiceDraft.fields.map(\.name)).isDisjoint(with: RefusedKey.ofServices.map(\.name)))
        #expect(Set(StackDraft.fields.map(\.name)).isDisjoint(with: RefusedKey.ofStacks.map(\.name)))
    }

    @Test(arguments: [
        (
            "image: postgres\ncommand: [a]",
            "3:5: error: `image` is for containers; stackd runs programs of the host: name the program in `command`"
        ),
        (
            "volumes: [./a:/b]",
            "3:5: error: `volumes` mounts into a container; the program sees the host's files: use paths, such as `${state_dir}/data`"
        ),
        (
            "labels: {a: b}",
            "3:5: error: `labels` is metadata of containers, which nothing here reads; keep notes under a key that begins with `x-`"
        ),
        ("comand: a\ncommand: [b]", "3:5: error: unknown key `comand`; did you mean `command`?"),
        ("Command: a\ncommand: [b]", "3:5: error: unknown key `Command`; did you mean `command`?"),
        ("frobnicate: a", "3:5: error: unknown key `frobnicate`; a note of your own begins with `x-`"),
    ])
    func texts(keys: String, fault: String) {
        #expect(serviceFaults(keys) == [fault])
    }

    @Test func anImageAloneIsOneFault() {
        #expect(
            faults("services: {db: {image: postgres}}") == [
                "1:17: error: `image` is for containers; stackd runs programs of the host: name the program in `command`"
            ])
    }

    @Test func extensionsArePassedOver() throws {
        let all = try services(
            """
            x-note: {anything: [goes]}
            services:
              x-shared: &shared {command: [a]}
              web: {<<: *shared, x-owner: me, logging: {x-a: 1}, probes: {x-b: 2, readiness: {tcp: 1, x-c: 3}}}
            """)
        #expect(all.keys.sorted() == ["web"])
    }
}
