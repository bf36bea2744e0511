import ControlProtocol
import Testing

struct StackPathsTests {
    @Test func rootUsesTheHostsDirectories() {
        let paths = StackPaths(name: "shop", environment: ["XDG_RUNTIME_DIR": "/run/user/0", "HOME": "/h"], uid: 0)
        #expect(paths.runDirectory == "/run/stackd/shop")
        #expect(paths.stateDirectory == "/var/lib/stackd/shop")
        #expect(paths.directoryToVerify == nil)
    }

    @Test func othersUseThoseOfXDG() {
        let environment = ["XDG_RUNTIME_DIR": "/run/user/7/", "XDG_STATE_HOME": "/s", "HOME": "/h"]
        let paths = StackPaths(name: "shop", environment: environment, uid: 7)
        #expect(paths.runDirectory == "/run/user/7/stackd/shop")
        #expect(paths.stateDirectory == "/s/stackd/shop")
        #expect(paths.directoryToVerify == nil)
    }

    @Test(arguments: [["HOME": "/h"], ["HOME": "/h", "XDG_RUNTIME_DIR": "relative", "XDG_STATE_HOME": ""]])
    func whatXDGLeavesOpenHasDefaults(environment: [String: String]) {
        let paths = StackPaths(name: "shop", environment: environment, uid: 7)
        #expect(paths.runDirectory == "/tmp/stackd-7/shop")
        #expect(paths.stateDirectory == "/h/.local/state/stackd/shop")
        #expect(paths.directoryToVerify == "/tmp/stackd-7")
    }

    @Test func withoutAHomeTheStateIsBesideTheSockets() {
        let paths = StackPaths(name: "shop", environment: [:], uid: 7)
        #expect(paths.stateDirectory == "/tmp/stackd-7/shop/state")
    }

    @Test func filesAreInTheirDirectories() {
        let paths = StackPaths(name: "shop", environment: [:], uid: 0)
        #expect(paths.controlSocket.hasPrefix(paths.runDirectory + "/"))
        #expect(paths.daemonLog.hasPrefix(paths.stateDirectory + "/"))
    }
}
