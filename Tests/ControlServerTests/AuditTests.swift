import ControlProtocol
@testable import ControlServer
import FoundationEssentials
import Glibc
import StackModel
import Synchronization
import Testing

/// What is written down of changes.
@Suite struct AuditTests {
    private final class Memory: AuditLog {
        let entries = Mutex<[AuditEntry]>([])

        func record(_ entry: AuditEntry) {
            entries.withLock { $0.append(entry) }
        }

        /// `POST /v1/stop 202`, with what follows.
        var lines: [String] {
            entries.withLock { entries in
                entries.map { entry in
                    "\(entry.method) \(entry.path) \(entry.status)"
                        + (entry.problem.map { " \($0)" } ?? "") + (entry.body.map { " \($0)" } ?? "")
                }
            }
        }
    }

    @Test func everyChangeIsWrittenDownAndNothingElse() async throws {
        let memory = Memory()
        try await withServer(audit: memory) { path, _ in
            _ = try exchange(path, "GET", "/v1/stack")
            _ = try exchange(path, "GET", "/v1/config")
            _ = try exchange(path, "POST", "/v1/stop", body: #"{"services":["db"]}"#)
            _ = try exchange(path, "POST", "/v1/services/cache/restart")
            _ = try exchange(path, "POST", "/v1/services/db/scale", body: #"{"replicas":-1}"#)
            _ = try exchange(path, "POST", "/v1/apply", body: #"{"environment":{"PASSWORD":"hunter2"}}"#)
            let body = #"{"command":["env"],"environment":{"KEY":"hunter2"},"detach":true}"#
            _ = try exchange(path, "POST", "/v1/services/db/exec", body: body)
            _ = try exchange(path, "POST", "/v1/executions/1/input?last=true", body: "hunter2")
        }
        #expect(
            memory.lines == [
                #"POST /v1/stop 202 {"at_once":false,"services":["db"]}"#,
                #"POST /v1/services/cache/restart 404 no_such_service {"at_once":false,"services":[]}"#,
                #"POST /v1/services/db/scale 400 bad_request {"replicas":-1}"#,
                #"POST /v1/apply 202 {"at_once":false,"environment":{"PASSWORD":"…"}}"#,
                #"POST /v1/services/db/exec 202 {"command":["env"],"detach":true,"environment":{"KEY":"…"},"#
                    + #""input":false}"#,
            ])
        memory.entries.withLock { entries in
            #expect(entries.allSatisfy { $0.uid == UInt64(geteuid()) && $0.pid == getpid() && $0.token == nil })
        }
    }

    @Test func whatWasRefusedIsWrittenDownToo() async throws {
        let memory = Memory()
        try await withServer(owners: [], audit: memory) { path, _ in
            _ = try exchange(path, "GET", "/v1/stack")
            _ = try exchange(path, "POST", "/v1/stop", body: #"{"services":["db"]}"#)
            _ = try exchange(path, "POST", "/v1/executions/1/input", body: "x")
            _ = try exchange(path, "DELETE", "/v1/nothing")
        }
        #expect(
            memory.lines == [
                "POST /v1/stop 403 forbidden", "POST /v1/executions/1/input 403 forbidden",
                "DELETE /v1/nothing 403 forbidden",
            ])
    }

    @Test func aLongBodyIsToldInShort() {
        let note = BodyNote()
        note.set(ActionRequest(services: Array(repeating: "backend", count: 1_000)))
        #expect(note.text?.utf8.count ?? 0 <= 1_030)
        #expect(note.text?.hasSuffix("…") == true)
    }

    @Test func aLogThatCannotBeWrittenHoldsNothingUp() async throws {
        try await withServer(audit: AuditFile(path: "/nowhere/audit")) { path, _ async throws in
            #expect(try exchange(path, "POST", "/v1/stop").status == 202)
            #expect(try exchange(path, "GET", "/metrics").contains("\nstackd_audit_failures_total 1\n"))
        }
    }

    // MARK: The file

    private static func entry(_ number: Int) -> AuditEntry {
        AuditEntry(
            time: Timestamp(milliseconds: 0), uid: 0, user: "root", pid: 7, method: "POST", path: "/v1/stop",
            body: "\(number)", status: 202)
    }

    private func withFile(limit: Int, _ body: (String, AuditFile) throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/audit"
            defer { for name in [path, path + ".1"] { unlink(name) } }
            try body(path, AuditFile(path: path, limit: limit))
        }
    }

    private func read(_ path: String) throws -> [String] {
        String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self).split(separator: "\n").map {
            String($0)
        }
    }

    @Test func theFileIsPrivateLinesOfJSON() async throws {
        try await withFile(limit: 1 << 20) { path, file in
            try file.record(Self.entry(1))
            try file.record(Self.entry(2))
            var status = stat()
            #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
            #expect(
                try read(path).first == #"{"body":"1","method":"POST","path":"/v1/stop","pid":7,"status":202,"#
                    + #""time":"1970-01-01T00:00:00.000Z","uid":0,"user":"root"}"#)
            // Another daemon, later, goes on in it.
            try AuditFile(path: path).record(Self.entry(3))
            #expect(try read(path).count == 3)
        }
    }

    @Test func theFileIsBounded() async throws {
        let size = WireFormat.bytes(of: Self.entry(100)).count + 1
        try await withFile(limit: 3 * size) { path, file in
            for number in 100..<108 { try file.record(Self.entry(number)) }
            let bodies = try (read(path + ".1") + read(path)).map {
                try WireFormat.decode(AuditEntry.self, from: Data($0.utf8)).body
            }
            #expect(bodies == ["103", "104", "105", "106", "107"])
        }
    }

    @Test func itGoesOnWhenItCanBeWrittenAgain() async throws {
        try await withFile(limit: 1 << 20) { path, file in
            #expect(mkdir(path, 0o700) == 0)
            #expect(throws: AuditFile.Failure.self) { try file.record(Self.entry(1)) }
            rmdir(path)
            try file.record(Self.entry(2))
            #expect(try read(path).count == 1)
        }
    }
}
