import ControlProtocol
import HTTPTypes
import HummingbirdCore
import StackModel

/// Commands that run beside a service or as one-off instances of it.
enum ExecutionRoutes {
    static let all: [Route] = [
        begin("exec", "Runs a command in the environment of a running instance, as its user and in its cgroup."),
        begin("run", "Runs a one-off instance of a service."),
        .post(
            "/v1/executions/{id}/input", .admin, "Passes bytes to the standard input of an execution.",
            """
            The bytes of the body go to it as they are. What the process has not read is kept, up to a limit: a \
            request beyond it is refused as a whole (too_much_input), and can be made again. One request after the \
            other keeps the order.
            """,
            query: [
                Route.Parameter(name: "last", schema: .boolean, text: "true: the end of the file follows the bytes.")
            ],
            body: .bytes, answers: [.done], problems: [.noSuchExecution, .tooMuchInput, .cannotExecute],
            audit: .refusals
        ) { call throws(ControlProblem) in
            let isLast = try call.value("last", "true or false", Bool.init(word:)) ?? false
            let bytes = try await call.bytes()
            try await call.controller.control(try call.execution, .input(bytes, isLast: isLast))
            return Response(status: .noContent)
        },
        .post(
            "/v1/executions/{id}/resize", .admin, "Gives the terminal of an execution another size.",
            body: .document(ExecutionRequest.TerminalSize.self), answers: [.done],
            problems: [.noSuchExecution, .cannotExecute]
        ) { call throws(ControlProblem) in
            let size = try await call.body(ExecutionRequest.TerminalSize.self)
            try size.check()
            try await call.controller.control(try call.execution, .resize(size))
            return Response(status: .noContent)
        },
        .post(
            "/v1/executions/{id}/signal", .admin, "Sends a signal to an execution.",
            body: .document(SignalRequest.self), answers: [.done], problems: [.noSuchExecution]
        ) { call throws(ControlProblem) in
            let signal = try Signal(checking: try await call.body(SignalRequest.self).signal)
            try await call.controller.control(try call.execution, .signal(signal))
            return Response(status: .noContent)
        },
    ]

    private static func begin(_ verb: String, _ summary: String) -> Route {
        .post(
            "/v1/services/{name}/\(verb)", .admin, summary,
            """
            The answer is a stream that begins with `started` and ends with `exited`; a client that leaves before ends \
            the execution. With `detach` the answer is `started` alone. With `input` the bytes of its standard input \
            are posted to /v1/executions/{id}/input, with `terminal` its size to /v1/executions/{id}/resize, where the \
            id is that of `started`.
            """,
            body: .document(ExecutionRequest.self),
            answers: [
                .events(ExecutionRecord.self, "What becomes of it, as server-sent events."),
                .json(ExecutionRecord.self, "With `detach`: it has started.", status: .accepted),
            ],
            problems: [
                .noSuchService, .noSuchReplica, .notRunning, .cannotExecute, .tooManyExecutions, .shuttingDown,
                .tooManyConnections,
            ]
        ) { call throws(ControlProblem) in
            let isBeside = verb == "exec"
            let request = try await call.body(ExecutionRequest.self)
            try request.check(isBeside: isBeside)
            let execution = try await call.controller.execute(
                request, of: try call.service, besideInstance: isBeside)
            guard request.detach else {
                return try Response(
                    streaming: execution, as: .serverSentEvents, to: call, numbering: NoNumbers(), maySuspend: true)
            }
            guard case .item(let started)? = execution.backlog.first else {
                throw .internalError("the execution began with nothing")
            }
            return Response(started, status: .accepted)
        }
    }
}

extension Call {
    /// The number of an execution that the path names.
    fileprivate var execution: UInt64 {
        get throws(ControlProblem) {
            let text = parameters["id"] ?? ""
            guard let id = UInt64(text) else {
                throw .badRequest("\"\(text)\" is no number of an execution; `started` tells it")
            }
            return id
        }
    }
}

extension ExecutionRequest {
    /// What no program can be given: it would be cut off or be taken for something else.
    fileprivate func check(isBeside: Bool) throws(ControlProblem) {
        guard !isBeside || !command.isEmpty else { throw .badRequest("command: expected a program and its arguments") }
        guard command.first != "" else { throw .badRequest("command: the program's name is empty") }
        guard isBeside || replica == nil else {
            throw .badRequest("replica: a one-off instance is none of the service's replicas")
        }
        for name in environment.keys where name.isEmpty || name.contains("=") {
            throw .badRequest("environment: \"\(name)\" is no name of a variable")
        }
        let texts = command + environment.flatMap { [$0.key, $0.value] } + [user, workingDirectory].compactMap { $0 }
        guard texts.allSatisfy({ !$0.utf8.contains(0) }) else { throw .badRequest("a text has a zero byte in it") }
        try terminal?.check()
    }
}

extension ExecutionRequest.TerminalSize {
    fileprivate func check() throws(ControlProblem) {
        guard Self.range.contains(rows), Self.range.contains(columns) else {
            throw .badRequest("rows, columns: expected numbers from 1 to \(Self.range.upperBound)")
        }
    }
}
