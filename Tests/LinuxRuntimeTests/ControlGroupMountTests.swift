import Testing

@testable import LinuxRuntime

@Suite struct ControlGroupMountTests {
    let hybrid = """
        31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
        40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime shared:9 - cgroup cgroup rw,name=systemd
        41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:10 master:1 - cgroup2 cgroup2 rw

        """

    @Test func findsTheMountOfAHybridHost() {
        let mount = ControlGroupMount(mountInfo: hybrid, groups: "4:memory:/x\n0::/system.slice/stackd.service\n")
        #expect(mount?.mountPoint == "/sys/fs/cgroup/unified")
        #expect(mount?.ownDirectory == "/sys/fs/cgroup/unified/system.slice/stackd.service")
        #expect(ControlGroupMount(mountInfo: hybrid, groups: "0::/\n")?.ownDirectory == "/sys/fs/cgroup/unified")
    }

    @Test func knowsWhoseLimitsHoldForIt() {
        let mount = ControlGroupMount(mountInfo: hybrid, groups: "0::/system.slice/stackd.service/stackd-daemon\n")
        let root = "/sys/fs/cgroup/unified/system.slice"
        #expect(mount?.ancestors == ["\(root)/stackd.service", root])
        #expect(ControlGroupMount(mountInfo: hybrid, groups: "0::/\n")?.ancestors == [])
    }

    @Test func takesTheMountsRootOff() {
        let bind = "41 31 0:38 /pod/one /sys/fs/my\\040cgroup rw - cgroup2 cgroup2 rw\n"
        let inside = ControlGroupMount(mountInfo: bind, groups: "0::/pod/one/leaf\n")
        #expect(inside?.ownDirectory == "/sys/fs/my cgroup/leaf")
        #expect(ControlGroupMount(mountInfo: bind, groups: "0::/pod/one\n")?.ownDirectory == "/sys/fs/my cgroup")
        #expect(ControlGroupMount(mountInfo: bind, groups: "0::/pod/oneself\n") == nil)
    }

    /// What the daemon runs belongs beside the cgroup that it has moved to, not below.
    @Test func meansTheUnitsCgroupWhereTheDaemonHasMadeRoom() {
        let groups = "0::/system.slice/stackd@shop.service/stackd-daemon\n"
        let mount = ControlGroupMount(mountInfo: hybrid, groups: groups)
        #expect(mount?.ownDirectory == "/sys/fs/cgroup/unified/system.slice/stackd@shop.service")
    }

    @Test func seesWhenThereIsNone() {
        #expect(ControlGroupMount(mountInfo: hybrid, groups: "1:name=systemd:/\n") == nil)
        #expect(ControlGroupMount(mountInfo: hybrid, groups: "0::/../other\n") == nil)
        #expect(ControlGroupMount(mountInfo: "22 27 0:21 / /proc rw - proc proc rw\n", groups: "0::/\n") == nil)
    }
}
