import StackModel

/// A service as its file gives it: what is not given is nil, and everything knows its place.
struct ServiceDraft: Sendable {
    static let mostReplicas = 1000

    var entrypoint: Located<[Template]>?
    var command: Located<[Template]>?
    var environment: Located<[EnvironmentVariable?]>?
    var workingDirectory: Located<Template>?
    var user: Located<UserDraft>?
    var group: Located<String>?
    var supplementaryGroups: Located<[String]>?
    var umask: Located<UInt16>?
    var limits: Located<[ResourceLimit]>?
    var nice: Located<Int>?
    var oomScoreAdjustment: Located<Int>?
    var noNewPrivileges: Located<Bool>?
    var securityOptions: Located<Bool>?
    var keepsStandardInputOpen: Located<Bool>?

    var dependencies: Located<[DependencyDraft]>?
    var replicas: Located<Int>?
    var scale: Located<Int>?
    var deploy: Located<DeployDraft>?
    var autoscale: Located<AutoscaleDraft>?
    var resources: Located<ResourceDraft>?
    /// Compose's names for them.
    var composeResources = ResourceDraft()

    var listeners: Located<[NamedValue<Located<ListenerDraft>>]>?
    var ports: Located<[NamedValue<Located<PortSpec.Assignment>>]>?
    var routes: Located<[NamedValue<RouteDraft>]>?
    var secrets: Located<[Located<String>]>?

    var notify: Located<Bool>?
    var probes: Located<ProbesDraft>?
    var healthcheck: Located<HealthcheckDraft?>?
    var startTimeout: Located<TimeLimit>?
    var watchdog: Located<Duration>?

    var restart: Located<RestartDraft>?
    var stopSignal: Located<Signal>?
    var gracePeriod: Located<Duration>?
    var preStop: Located<[Template]>?
    var drain: Located<Duration>?
    var logging: Located<LogSpec>?
    var rollout: Located<RolloutDraft>?
    var secretChange: Located<SecretChangeAction>?
    var schedule: Located<ScheduleSpec>?
    var watches: Located<[WatchSpec]>?
}

extension Definition where Value == ServiceDraft {
    static let service: Definition = mapping(
        "a service", ServiceDraft.init, refused: RefusedKey.ofServices, fields: ServiceDraft.fields)
}

extension ServiceDraft {
    /// Every key of a service, in the order of the reference.
    static let fields =
        processFields + accountFields + orderFields + endpointFields + healthFields + lifecycleFields + changeFields
        + automaticFields + loadFields + composeResourceFields + documentFields

    private static let processFields: [Field<ServiceDraft>] = [
        Field(
            "command", \.command, .command.ofInstances,
            "The program and its arguments; no shell is run, and a program without a slash is looked up in PATH."),
        Field("entrypoint", \.entrypoint, .command.ofInstances, "Put in front of `command`."),
        Field(
            "working_dir", \.workingDirectory, .template("a directory"), default: "the first file's directory",
            "Where the program starts."),
        Field(
            "environment", \.environment, .environment.ofInstances,
            "Variables of the program; a name alone takes the value that the reader of the file has."),
        Field(
            "stdin_open", \.keepsStandardInputOpen, .boolean, default: "false",
            "Standard input is a pipe that stays open, instead of /dev/null."),
    ]

    private static let accountFields: [Field<ServiceDraft>] = [
        Field("user", \.user, .user, default: "the daemon's", "Whom the program runs as."),
        Field("group", \.group, .group, default: "the user's", "The group that it runs with."),
        Field("group_add", \.supplementaryGroups, .list(of: .group, form: "a list of groups"), "Further groups."),
        Field("umask", \.umask, .umask, default: "the daemon's", "The permissions that new files do not get."),
        Field("ulimits", \.limits, .limits, "Limits of setrlimit(2)."),
        Field("nice", \.nice, .integer(-20...19), default: "the daemon's", "The scheduling priority, -20 the highest."),
        Field(
            "oom_score_adj", \.oomScoreAdjustment, .integer(-1000...1000), default: "the daemon's",
            "How ready the kernel is to kill it when memory is short."),
        Field(
            "no_new_privileges", \.noNewPrivileges, .boolean, default: "false",
            "No program that it runs gains privileges by executing."),
        Field("security_opt", \.securityOptions, .securityOptions, "Compose's form of `no_new_privileges`."),
    ]

    private static let orderFields: [Field<ServiceDraft>] = [
        Field(
            "depends_on", \.dependencies, .dependencies,
            "What must hold of other services before this one starts; the short form waits until they are ready, "
                + "or started where they have no readiness."
        ),
        Field("replicas", \.replicas, .replicas, default: "1", "How many of it run."),
        Field("scale", \.scale, .replicas, "Compose's name of `replicas`."),
        Field(
            "deploy", \.deploy, .deploy,
            "Compose's `replicas`, `restart_policy`, `update_config`, `rollback_config` and `resources`."
        ),
    ]

    private static let endpointFields: [Field<ServiceDraft>] = [
        Field(
            "listen", \.listeners, .listeners,
            "Sockets that stackd binds and every replica inherits by systemd's protocol (LISTEN_FDS, LISTEN_FDNAMES), "
                + "or by number: `${listen.NAME.fd}`."),
        Field(
            "ports", \.ports, .ports,
            "Ports that each replica binds itself, handed over as PORT_NAME and `${port.NAME}`."),
        Field(
            "route", \.routes, .routes,
            "Addresses at which HAProxy, run by stackd, takes requests for the replicas that are ready."),
    ]

    private static let healthFields: [Field<ServiceDraft>] = [
        Field(
            "notify", \.notify, .boolean, default: "false",
            "READY=1 on NOTIFY_SOCKET is part of readiness (sd_notify(3))."),
        Field("probes", \.probes, .probes, "Checks that tell whether it started, is ready, and lives."),
        Field("healthcheck", \.healthcheck, .healthcheck, "Compose's check, which means readiness."),
        Field(
            "start_timeout", \.startTimeout, .timeLimit,
            default: "90s with `notify` and without a startup probe, else none",
            "How long a start may take until it has failed."),
        Field(
            "watchdog", \.watchdog, .positiveDuration, "The longest silence between two WATCHDOG=1 of a ready instance."
        ),
    ]

    private static let lifecycleFields: [Field<ServiceDraft>] = [
        Field(
            "restart", \.restart, .restart,
            default: "on-failure; no with a `schedule`, or where another service awaits its end",
            "When an instance that ended is followed by another, and how soon."),
        Field(
            "stop_signal", \.stopSignal, .signal, default: "SIGTERM", "The signal that asks the main process to end."),
        Field(
            "stop_grace_period", \.gracePeriod, .duration, default: "10s",
            "How long after it everything that is left is killed."),
        Field("pre_stop", \.preStop, .hook, "A command that is run before anything else of a stop."),
        Field(
            "drain", \.drain, .duration, default: "0s",
            "How long the replica is out of rotation before it gets the signal."),
        Field("logging", \.logging, .logging, "What is kept of the output."),
    ]

    private static let changeFields: [Field<ServiceDraft>] = [
        Field("rollout", \.rollout, .rollout, "How a new revision takes the place of the old one."),
        Field(
            "secrets", \.secrets, .secrets,
            "Names of the file's `secrets` that it reads, of which each `${secret.NAME}` is the path of its file."),
        Field(
            "on_secret_change", \.secretChange, .secretChange, default: "rollout",
            "What an apply does when a secret's content has changed: replace the instances, send a signal, or nothing."),
    ]

    private static let automaticFields: [Field<ServiceDraft>] = [
        Field(
            "schedule", \.schedule, .schedule,
            "When it runs by itself; it is a program that ends, and is not started with the stack."),
        Field("develop", \.watches, .develop, "Compose's `watch`: files whose changes restart it."),
    ]

    private static let loadFields: [Field<ServiceDraft>] = [
        Field("autoscale", \.autoscale, .autoscale, "How many replicas there are under which load."),
        Field("resources", \.resources, .resources, "What each instance may use of the host."),
    ]

    private static let documentFields: [Field<ServiceDraft>] = [
        Field(resolved: "env_file", .environmentFiles, "Files of variables, under those of `environment`."),
        Field(resolved: "extends", .extension, "Another service whose keys this one begins with."),
        Field(
            resolved: "profiles", .list(of: .text("the name of a profile"), form: "a list of profiles"),
            "The service is there only where one of these profiles is asked for."),
    ]
}
