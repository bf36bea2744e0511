import StackModel
import Testing

@testable import StackFile

@Suite struct LoggingTests {
    @Test(arguments: [
        ("", LogSpec()),
        ("logging: {}", LogSpec()),
        ("logging: {max_size: 1M, max_files: 2}", LogSpec(maximumSize: ByteCount(1 << 20), maximumFiles: 2)),
        ("logging: {max_age: 1d, compress: true}", LogSpec(maximumAge: .seconds(86_400), compresses: true)),
        ("logging: {driver: local}", LogSpec()),
        ("logging: {driver: journald}", LogSpec(destination: .journal)),
        ("logging: {driver: none}", LogSpec(destination: .nowhere)),
        (
            "logging: {driver: json-file, options: {max-size: 10m, max-file: \"3\", compress: \"true\"}}",
            LogSpec(destination: .files(.json), maximumSize: ByteCount(10 << 20), maximumFiles: 3, compresses: true)
        ),
    ])
    func forms(keys: String, spec: LogSpec) throws {
        #expect(try service(keys).logging == spec)
    }

    @Test(arguments: [
        (
            "logging: {driver: syslog}",
            ["3:23: error: `driver` cannot be `syslog`; it is `local`, `json-file`, `journald` or `none`"]
        ),
        ("logging: {driver: locale}", ["3:23: error: `driver` cannot be `locale`; did you mean `local`?"]),
        (
            "logging: {options: {tag: x}}",
            ["3:25: error: unknown key `tag`; `options` of `logging` has `max-size`, `max-file`, `compress`"]
        ),
        (
            "logging: {max_size: 1K}",
            ["3:25: error: `max_size` cannot be `1K`; it is a size such as `512M`, `2G` or `1GiB`, `4K` at least"]
        ),
        ("logging: {max_files: 0}", ["3:26: error: `max_files` cannot be `0`; it is a whole number from 1 to 1000"]),
        (
            "logging: {max_age: 0s}",
            ["3:24: error: `max_age` cannot be `0s`; it is a duration longer than 0, such as `10s`, `500ms` or `1m30s`"]
        ),
        (
            "logging: {options: {compress: maybe}}",
            ["3:35: error: `compress` cannot be `maybe`; it is `true` or `false`"]
        ),
        (
            "logging: {max_files: 1, options: {max-file: 1}}",
            ["3:26: error: `max_files` and `max-file` are both given; keep one of them"]
        ),
        (
            "logging: {compress: true, options: {compress: true}}",
            ["3:25: error: `compress` and `options.compress` are both given; keep one of them"]
        ),
        (
            "logging: {driver: journald, max_files: 3, options: {max-size: 10m}}",
            [
                "3:44: error: `max_files` is about files, and with this `driver` the journal keeps as much as journald.conf(5) says; leave it out",
                "3:67: error: `max-size` is about files, and with this `driver` the journal keeps as much as journald.conf(5) says; leave it out",
            ]
        ),
        (
            "logging: {driver: none, max_age: 1d, compress: false}",
            [
                "3:38: error: `max_age` is about files, and with this `driver` nothing is kept; leave it out",
                "3:52: error: `compress` is about files, and with this `driver` nothing is kept; leave it out",
            ]
        ),
    ])
    func faults(keys: String, faults: [String]) {
        #expect(serviceFaults(keys) == faults)
    }
}
