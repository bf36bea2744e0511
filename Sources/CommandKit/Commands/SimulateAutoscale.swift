import ArgumentParser
import Glibc
import StackFile
import StackModel

extension Simulate {
    struct Autoscale: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Replay a load trace against a service's autoscaler, and show the replicas over time.",
            discussion: """
                The trace is CSV with a header line, or JSON: an array of objects, or one a line. A value holds until \
                the next row; where there is none, the metric is dead. Its columns:

                  time      seconds, 1m30s, or 2026-11-23T09:00:00Z; it must be there
                  load      what is asked of the service; --capacity of it takes all
                            that a replica has of its processor. Without a cpu metric
                            it is the one other metric itself
                  cpu, …    what was measured for the metric of that name, in the unit
                            of its target: on average of a replica, or of the service
                  ready     how many are ready, in place of what --startup makes of it
                  pressure_cpu, pressure_memory, pressure_io, memory_available
                            of the host, in % and bytes

                Load is shared by the replicas that are ready; what was measured does not become less by more of them.

                The exit status is 1 for a trace with a fault. --output json prints every decision with every input.
                """,
            examples: [
                "stackctl simulate autoscale web --trace load.csv --capacity 200 --all",
                "stackctl simulate autoscale --trace cpu.json --initial 2 --startup 20s",
                "stackctl simulate autoscale --trace - --output json < load.csv | jq .summary",
            ])

        @OptionGroup var global: GlobalOptions

        @Option(help: ArgumentHelp("The load over time; - is standard input.", valueName: "path"), completion: .file())
        var trace: String

        @Option(help: ArgumentHelp("How much load takes all that a replica has.", valueName: "number"))
        var capacity: Double?

        @Option(help: ArgumentHelp("How long a new replica takes until it is ready.", valueName: "duration"))
        var startup = DurationArgument(.seconds(10))

        @Option(help: ArgumentHelp("How many replicas there are at first; else as the file says.", valueName: "number"))
        var initial: Int?

        @Option(help: ArgumentHelp("Go on so long, beyond the trace's end or not up to it.", valueName: "duration"))
        var until: DurationArgument?

        @Flag(help: "List every decision, those too that change nothing.")
        var all = false

        @Flag(inversion: .prefixedNo, help: "Draw the load and the replicas over time; as it is on a terminal.")
        var chart: Bool?

        @Argument(
            help: "The service; can be left out where only one has an autoscaler.", completion: .services)
        var service: String?

        private static let mostReplicas = 10_000

        func validate() throws {
            if let capacity, !(capacity > 0 && capacity.isFinite) {
                throw ValidationError("--capacity must be greater than 0.")
            }
            if let initial, !(0...Self.mostReplicas).contains(initial) {
                throw ValidationError("--initial must be 0 to \(Self.mostReplicas).")
            }
            if global.common.output == .json, all || chart != nil {
                throw ValidationError("--all and --chart are for tables; --output json has every decision.")
            }
        }

        func run() async throws {
            let service = try chosenService(of: try global.stack.load().spec)
            if initial == 0, service.autoscale?.minimum != 0 {
                throw CommandFailure(
                    .usage, "an autoscaler with a minimum leaves alone what is scaled to 0",
                    advice: "--initial 1 or more")
            }
            let settings = ReplaySettings(
                capacity: capacity, startup: startup.duration, initial: initial, until: until?.duration)
            let replay = try Replay(of: service, trace: try readTrace(for: service), settings: settings)
            let output = TextOutput.standardOutput()
            switch global.common.output {
            case .json: try output.writeLine(JSONText.document(ReplayDocument(replay)))
            case .table: try write(replay, to: output)
            }
        }

        private func chosenService(of stack: StackSpec) throws(CommandFailure) -> ServiceSpec {
            if let service {
                try checkServices([service], among: stack.services.map(\.name.text))
            }
            let scaled = stack.services.filter { $0.autoscale != nil && (service == nil || service == $0.name.text) }
            if let only = scaled.first, scaled.count == 1 { return only }
            guard scaled.isEmpty else {
                let names = scaled.map(\.name.text).joined(separator: ", ")
                throw CommandFailure(.usage, "several services have an autoscaler", advice: "name one of \(names)")
            }
            throw CommandFailure(
                .usage, "\(service ?? "no service of \(stack.name)") has \(service == nil ? "an" : "no") autoscaler",
                advice: "give it one in the stack file, as in \"autoscale: {max: 8, metrics: [{cpu: 70%}]}\"")
        }

        private func readTrace(for service: ServiceSpec) throws -> LoadTrace {
            let text = try TraceText(path: trace)
            do throws(TraceFaults) {
                return try LoadTrace(text, for: service)
            } catch {
                let errors = TextOutput.standardError()
                for diagnostic in error.diagnostics { try errors.writeLine(diagnostic.text) }
                throw CommandStatus.failed
            }
        }

        private func write(_ replay: Replay, to output: TextOutput) throws {
            let lines = ReplayLines(palette: output.palette, width: output.size?.columns)
            for line in lines.heading(replay) { try output.writeLine(line) }
            try output.write(replayTable(replay, isWhole: all))
            let summary = lines.summary(replay)
            if chart ?? output.isTerminal {
                var size = output.size ?? .usual
                // With the summary and the next prompt it fills the screen.
                size.rows = max(ReplayChart.leastSize.rows, min(size.rows - summary.count - 2, Self.highestChart))
                let chart = ReplayChart(
                    palette: output.palette, size: size, isUnicode: isUTF8(environment: processEnvironment()))
                for line in chart.lines(for: replay) { try output.writeLine(line) }
            }
            for line in summary { try output.writeLine(line) }
        }

        /// Beyond this a picture only becomes coarser.
        private static let highestChart = 40
    }
}

extension TraceText {
    /// - Throws: `CommandFailure` where it cannot be read.
    fileprivate init(path: String) throws(CommandFailure) {
        do throws(SystemError) {
            let isInput = path == "-"
            let file = isInput ? try Descriptor(adopting: dup(STDIN_FILENO)) : try Descriptor.open(path, O_RDONLY)
            self.init(
                file: isInput ? "standard input" : path, bytes: try file.readToEnd(limit: Self.sizeLimit))
        } catch {
            throw CommandFailure(.failed, "cannot read the trace \(path): \(error)")
        }
    }
}
