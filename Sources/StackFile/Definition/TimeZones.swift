import StackModel

/// The time zones of the host, each read once.
struct TimeZones: Sendable {
    /// Why a zone cannot be had.
    struct Fault: Error {
        var message: String
        var remedy: String?
    }

    /// The name of the zone that the host is in, whatever it is.
    static let hostName = "localtime"
    private static let hostFile = "/etc/localtime"
    /// Bytes of a compiled zone: the largest has about 4 KiB.
    private static let largestZone = 256 << 10
    private static let largestIndex = 1 << 20

    private let fileSystem: any FileSystem
    /// Where the tz database is (tzset(3)).
    private let directory: String
    private var known: [String: ZoneRules] = [:]

    init(fileSystem: some FileSystem, environment: [String: String]) {
        self.fileSystem = fileSystem
        directory = environment["TZDIR"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "/usr/share/zoneinfo"
    }

    mutating func zone(named name: String) throws(Fault) -> ZoneRules {
        if let zone = known[name] { return zone }
        let zone = name == Self.hostName ? try hostZone() : try zone(of: name)
        known[name] = zone
        return zone
    }

    private func zone(of name: String) throws(Fault) -> ZoneRules {
        guard Self.isName(name) else { throw unknown(name) }
        guard name != ZoneRules.utc.name else { return .utc }
        guard let bytes = try read("\(directory)/\(name)", of: name) else { throw unknown(name) }
        return try Self.zone(named: name, bytes)
    }

    /// As libc has it: UTC where the host says nothing.
    private func hostZone() throws(Fault) -> ZoneRules {
        guard let bytes = try read(Self.hostFile, of: Self.hostName) else { return .utc }
        return try Self.zone(named: hostZoneName ?? Self.hostName, bytes)
    }

    /// By the link that the file usually is (localtime(5)).
    private var hostZoneName: String? {
        let parts = fileSystem.target(ofLink: Self.hostFile)?.split(separator: "/") ?? []
        guard let index = parts.firstIndex(of: "zoneinfo") else { return nil }
        let name = parts[(index + 1)...].joined(separator: "/")
        return Self.isName(name) ? name : nil
    }

    /// Nil where there is no such file.
    private func read(_ path: String, of name: String) throws(Fault) -> [UInt8]? {
        do throws(FileError) {
            return try fileSystem.readFile(path, limit: Self.largestZone)
        } catch {
            switch error {
            case .notFound: return nil
            case .tooLarge: throw Fault(message: "`\(path)` is no time zone")
            case .unreadable(let reason): throw Fault(message: "the time zone `\(name)` cannot be read: \(reason)")
            }
        }
    }

    private static func zone(named name: String, _ bytes: [UInt8]) throws(Fault) -> ZoneRules {
        do throws(ZoneRules.TZifFault) {
            return try ZoneRules(name: name, tzif: bytes)
        } catch {
            let reason =
                switch error {
                case .malformed: "its file is no TZif file"
                case .tooOld: "its file is of TZif's version 1, whose times end in 2038"
                case .countsLeapSeconds: "it counts leap seconds, which the system's clock does not"
                }
            throw Fault(message: "the time zone `\(name)` cannot be used: \(reason)")
        }
    }

    private func unknown(_ name: String) -> Fault {
        let names = names
        // A database without its index is still one: where not even UTC is there, there is none.
        if names.isEmpty, (try? fileSystem.readFile("\(directory)/Etc/UTC", limit: Self.largestZone)) == nil {
            return Fault(
                message: "there is no time zone `\(name.shortened)`, as there are none in `\(directory)`",
                remedy: "install the package tzdata, or use `UTC`")
        }
        let near = suggestion(for: name, among: names)
        return Fault(
            message: "there is no time zone `\(name.shortened)`",
            remedy: near.map { "did you mean `\($0)`?" } ?? "it is a name such as `Europe/Zurich`, or `UTC`")
    }

    /// Those that the database's index lists: its lines are `Z NAME …` for a zone and `L ZONE NAME` for a link.
    private var names: [String] {
        guard let bytes = try? fileSystem.readFile("\(directory)/tzdata.zi", limit: Self.largestIndex) else {
            return []
        }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ", maxSplits: 3)
            switch words.first {
            case "Z" where words.count > 1: return String(words[1])
            case "L" where words.count > 2: return String(words[2])
            default: return nil
            }
        }
    }

    /// No name leads out of the directory.
    private static func isName(_ name: String) -> Bool {
        name.utf8.count <= 64
            && name.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
                !part.isEmpty
                    && part.utf8.allSatisfy { byte in
                        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & 0xDF)
                            || [0x2B, 0x2D, 0x5F].contains(byte)
                    }
            }
    }
}
