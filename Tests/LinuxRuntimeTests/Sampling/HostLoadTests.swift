import Glibc
import Testing

@testable import LinuxRuntime

@Suite struct HostLoadTests {
    @Test func tellsOfThisHost() throws {
        let load = HostLoad.read()
        let memory = try #require(load.memory)
        let available = try #require(load.availableMemory)
        #expect(memory > 1 << 20 && available <= memory)
        #expect(load.processors > 0 && load.processors <= sysconf(Int32(_SC_NPROCESSORS_CONF)) * 1000)
        if access("/proc/pressure/memory", F_OK) == 0 { #expect((0...1000).contains(load.memoryPressure?.some ?? -1)) }
    }

    private func host(_ files: [String: String]) throws -> TemporaryDirectory {
        let directory = try TemporaryDirectory()
        try #require(mkdir("\(directory.path)/pressure", 0o755) == 0)
        try directory.write("meminfo", "MemTotal:  8000 kB\nMemFree:  10 kB\nMemAvailable:    6000 kB\n")
        for (name, text) in files { try directory.write(name, text) }
        return directory
    }

    @Test func pressureIsInThousandths() throws {
        let text = "some avg10=12.34 avg60=3.68 avg300=7.40 total=17655497629\nfull avg10=0.06 avg60=1.00 total=0\n"
        let host = try host(["pressure/cpu": "some avg10=100.00 avg60=0.00 total=1\n", "pressure/io": text])
        let load = HostLoad.read(groups: [], proc: host.path)
        #expect(load.cpuPressure == HostLoad.Pressure(some: 1000))
        #expect(load.ioPressure == HostLoad.Pressure(some: 123, full: 1))
        #expect(load.memoryPressure == nil)
        #expect(load.memory == 8000 << 10 && load.availableMemory == 6000 << 10)
    }

    @Test func cgroupsLeaveLessOfTheHost() throws {
        let host = try host([:])
        let unit = try FakeGroup([
            "cpu.max": "50000 100000\n", "memory.max": "4096000\n", "memory.current": "3072000\n",
            "memory.stat": "anon 5\nfile 7\ninactive_anon 9\ninactive_file 1024000\n",
        ])
        let slice = try FakeGroup(["cpu.max": "max 100000\n", "memory.max": "max\n", "memory.current": "9\n"])
        let load = HostLoad.read(groups: [unit.directory.path, slice.directory.path], proc: host.path)
        #expect(load.processors == 500)
        #expect(load.memory == 4_096_000 && load.availableMemory == 2_048_000)

        let wide = try FakeGroup([
            "cpu.max": "90000000 100000\n", "memory.max": "99999999999\n", "memory.current": "5\n",
        ])
        let free = HostLoad.read(groups: [wide.directory.path], proc: host.path)
        #expect(free.processors == HostLoad.read(groups: [], proc: host.path).processors)
        #expect(free.memory == 8000 << 10 && free.availableMemory == 6000 << 10)
    }

    @Test func aFileSystemHasRoom() throws {
        let room = try FileSystemRoom.of("/tmp")
        #expect(room.size > 0 && room.available <= room.size && room.availableFiles <= room.files)
        #expect(throws: SystemError.self) { try FileSystemRoom.of("/none/such") }
    }
}
