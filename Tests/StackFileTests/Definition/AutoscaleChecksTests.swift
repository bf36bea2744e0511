import StackModel
import Testing

@testable import StackFile

@Suite struct AutoscaleChecksTests {
    @Test(arguments: [
        "autoscale: {max: 3, metrics: [{memory: 80%}]}\nmem_reservation: 1G",
        "autoscale: {max: 3, metrics: [{memory: 80%}]}\nresources: {memory: 1G}",
        "autoscale: {max: 3, metrics: [{memory: 1G}]}",
        "autoscale: {max: 3, metrics: [{accept_queue: 1}, {connections: 5}]}\nlisten: {a: unix:/x}",
        "autoscale: {max: 3, metrics: [{accept_queue: 1}]}\nports: {a: auto}",
        "autoscale: {max: 1, metrics: [{connections: 1}]}\nports: {a: 80}",
        "autoscale: {min: 0, max: 3, metrics: [{cpu: 70%}]}\nlisten: {a: \"@x\"}",
        "autoscale: {min: 0, max: 3, metrics: [{cpu: 70%}]}\nports: {a: auto}\nroute: {b: \":80\"}",
        "autoscale: {min: 0, max: 3, metrics: [{command: {exec: a, target: 1}}]}",
    ])
    func sound(keys: String) throws {
        #expect(try service(keys).autoscale != nil)
    }

    @Test(arguments: [
        (
            "autoscale: {max: 3, metrics: [{memory: 80%}]}",
            "3:35: error: the percentage is of the memory that `resources` gives, and that has no limit; add `resources: {memory: 1G}`, or write a size: `{memory: 512M}`"
        ),
        (
            "autoscale: {max: 3, metrics: [{accept_queue: 1}]}",
            "3:35: error: nobody connects to `web`: it has no `listen` and no `ports`; add the address that it serves: `listen: {http: \"127.0.0.1:8000\"}`"
        ),
        (
            "autoscale: {max: 3, metrics: [{connections: 1}]}\nlisten: {a: \"udp::53\"}",
            "3:35: error: nobody connects to `web`: it has no `listen` and no `ports`; add the address that it serves: `listen: {http: \"127.0.0.1:8000\"}`"
        ),
        (
            "autoscale: {max: 3, metrics: [{prometheus: {metric: a, target: 1}}]}",
            "3:48: error: `web` has no port; add one: `ports: {metrics: auto}`"
        ),
        (
            "autoscale: {max: 3, metrics: [{prometheus: {metric: a, target: 1}}]}\nports: {a: auto, b: auto}",
            "3:48: error: `web` has several ports, and the metric names none; name one: `port: a`"
        ),
        (
            "autoscale: {max: 3, metrics: [{prometheus: {metric: a, target: 1, port: admn}}]}\nports: {admin: auto}",
            "3:77: error: `admn` leads to no port of `web`; did you mean `admin`?"
        ),
        (
            "autoscale: {max: 3, metrics: [{route: {value: queue, target: 1}}]}",
            "3:43: error: `web` has no route; add one: `route: {http: \"127.0.0.1:8080\"}`"
        ),
        (
            "autoscale: {max: 3, metrics: [{route: {name: x, value: queue, target: 1}}]}\nports: {a: auto}\nroute: {http: \":80\"}",
            "3:50: error: `x` leads to no route of `web`; add it: `route: {x: …}`"
        ),
        (
            "autoscale: {min: 0, max: 3, metrics: [{cpu: 70%}]}",
            "3:22: error: nothing brings `web` back from none; give it a `listen` or a `route`, a `command` among its `metrics`, or a `min` of 1"
        ),
        (
            "autoscale: {min: 0, max: 3, metrics: [{cpu: 70%}]}\nlisten: {a: \":80\", b: \"udp::53\"}",
            "3:22: error: nobody can tell who still uses the datagrams of `b` (at 4:24), so the service cannot go down to none; let `min` be 1 or more"
        ),
        (
            "autoscale: {max: 3, metrics: [{cpu: 70%}]}\nports: {a: 80}",
            "4:16: error: 3 replicas of `web` cannot all bind port 80; use `auto`, or let them share a `listen` socket"
        ),
        (
            "replicas: 9\nautoscale: {min: 2, max: 8, metrics: [{cpu: 70%}]}",
            "3:15: error: `replicas` is not between `min` and `max` of `autoscale`; it is a number from 2 to 8"
        ),
        (
            "replicas: 0\nautoscale: {max: 8, metrics: [{cpu: 70%}]}",
            "3:15: error: `replicas` is not between `min` and `max` of `autoscale`; it is a number from 1 to 8"
        ),
        (
            "schedule: \"@daily\"\nautoscale: {max: 3, metrics: [{cpu: 70%}]}",
            "4:16: error: a scheduled service has one replica, so it cannot be scaled; leave out `autoscale`, or the `schedule`"
        ),
        // A fault is told once.
        (
            "autoscale: {max: 3, metrics: [{memory: 80%}]}\nresources: {memory: x}",
            "4:25: error: `memory` cannot be `x`; it is a size such as `512M`, `2G` or `1GiB`, `1M` at least"
        ),
        (
            "autoscale: {max: 3, metrics: [{memory: 80%}]}\nmem_limit: x",
            "4:16: error: `mem_limit` cannot be `x`; it is a size such as `512M`, `2G` or `1GiB`, `1M` at least"
        ),
        (
            "autoscale: {min: 0, max: 3, metrics: [{accept_queue: 1}]}\nlisten: {a: b}",
            "4:17: error: `a` cannot be `b`; it is \(Definition<ListenerSpec.Address>.words)"
        ),
    ])
    func faults(keys: String, fault: String) {
        #expect(serviceFaults(keys).map { $0.replacing("/srv/shop/stack.yaml:", with: "") } == [fault])
    }

    @Test func whatIsScaledNeverCompletes() {
        #expect(
            load(
                """
                services:
                  a: {command: [x], autoscale: {max: 2, metrics: [{cpu: 70%}]}}
                  b: {command: [x], depends_on: {a: {condition: service_completed_successfully}}}
                """
            ).diagnostics.map(withoutExcerpt) == [
                "3:49: error: `a` is scaled on load, so it never completes; leave out its `autoscale`, or wait for another condition"
            ])
    }

    @Test func aProbeOfASharedListenerIsOfAnyReplica() {
        let keys = "listen: {a: \":80\"}\nprobes: {readiness: {http: \"http://127.0.0.1:80/\"}}\n"
        let found = load(file(keys + "autoscale: {max: 2, metrics: [{cpu: 70%}]}")).diagnostics
        #expect(found.map(\.message) == ["all replicas share the listener `a`, so any of them may answer the probe"])
    }
}
