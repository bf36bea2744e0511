extension RefusedKey {
    /// Keys of Compose's services that have no meaning without containers.
    static let ofServices: [RefusedKey] =
        images + files + network + isolation + metadata

    private static let images = [
        RefusedKey("image", "is for containers", "stackd runs programs of the host: name the program in `command`"),
        RefusedKey(
            "build", "is for containers",
            "stackd runs programs of the host: build the program beforehand and name it in `command`"),
        RefusedKey("platform", "chooses an image of containers", "leave it out"),
        RefusedKey("pull_policy", "is about images of containers", "leave it out"),
        RefusedKey("container_name", "names a container", "the service's own name is used everywhere"),
        RefusedKey(
            "init", "adds an init process to a container",
            "leave it out: what a service leaves behind is ended in any case"),
        RefusedKey("runtime", "chooses a runtime of containers", "leave it out"),
        RefusedKey("isolation", "chooses a technology of containers", "leave it out"),
        RefusedKey("provider", "hands the service to a program of Compose's", "name the program in `command`"),
        RefusedKey("use_api_socket", "hands the engine's socket to a container", "leave it out"),
    ]

    private static let files = [
        RefusedKey(
            "volumes", "mounts into a container",
            "the program sees the host's files: use paths, such as `${state_dir}/data`"),
        RefusedKey(
            "volumes_from", "mounts into a container",
            "the program sees the host's files: use paths, such as `${state_dir}/data`"),
        RefusedKey(
            "tmpfs", "mounts into a container",
            "the program sees the host's files: use `${run_dir}` for what need not last"),
        RefusedKey(
            "configs", "mounts into a container", "the program sees the host's files: name the file by its path"),
        RefusedKey(
            "read_only", "is about a container's root file system", "run the program as a `user` that cannot write"),
        RefusedKey("shm_size", "is about a container's own /dev/shm", "the program uses the host's"),
        RefusedKey("storage_opt", "is about a container's storage", "leave it out"),
        RefusedKey(
            "devices", "hands devices to a container", "let `group_add` name the group that may open the device"),
        RefusedKey(
            "device_cgroup_rules", "hands devices to a container",
            "let `group_add` name the group that may open the device"),
        RefusedKey("gpus", "hands devices to a container", "the program sees the host's"),
    ]

    private static let network = [
        RefusedKey(
            "networks", "is for containers", "services share the host's network: let a service listen on `127.0.0.1`"),
        RefusedKey("network_mode", "is for containers", "services share the host's network: leave it out"),
        RefusedKey("hostname", "is for containers", "services share the host's name: leave it out"),
        RefusedKey("domainname", "is for containers", "services share the host's name: leave it out"),
        RefusedKey("mac_address", "is for containers", "services share the host's network: leave it out"),
        RefusedKey("dns", "is for containers", "services use the host's resolver: leave it out"),
        RefusedKey("dns_opt", "is for containers", "services use the host's resolver: leave it out"),
        RefusedKey("dns_search", "is for containers", "services use the host's resolver: leave it out"),
        RefusedKey("extra_hosts", "is for containers", "services use the host's resolver: use the host's /etc/hosts"),
        RefusedKey(
            "links", "is for containers",
            "services share the host's network: use `depends_on`, and connect to `127.0.0.1`"),
        RefusedKey("external_links", "is for containers", "services share the host's network: connect to `127.0.0.1`"),
        RefusedKey("expose", "is for containers", "every port of the host can be reached: use `listen` or `ports`"),
    ]

    private static let isolation = [
        RefusedKey("privileged", "is for containers", "a program has what its user may do: use `user`"),
        RefusedKey(
            "cap_add", "is for containers",
            "a program has what its user may do: use `user`, or set the capability on the file with setcap(8)"),
        RefusedKey(
            "cap_drop", "is for containers", "a program has what its user may do: use `user` and `no_new_privileges`"),
        RefusedKey("pid", "is for containers", "services share the host's processes: leave it out"),
        RefusedKey("ipc", "is for containers", "services share the host's IPC: leave it out"),
        RefusedKey("uts", "is for containers", "services share the host's name: leave it out"),
        RefusedKey("userns_mode", "is for containers", "services share the host's users: use `user`"),
        RefusedKey("cgroup", "is for containers", "each instance has a cgroup of its own: leave it out"),
        RefusedKey("cgroup_parent", "is for containers", "each instance has a cgroup of its own: leave it out"),
        RefusedKey(
            "sysctls", "is for containers", "the kernel's settings are the host's: use the host's sysctl.conf(5)"),
        RefusedKey("credential_spec", "is for containers", "use `user`"),
        RefusedKey("tty", "is for containers", "output is captured, so there is no terminal: leave it out"),
        RefusedKey(
            "oom_kill_disable", "is not known to cgroups of version 2",
            "use `oom_score_adj`, or `resources: {memory_high: …}`, which slows down and does not kill"),
        RefusedKey(
            "mem_swappiness", "is not known to cgroups of version 2",
            "use `resources: {swap: 0}`, or the host's vm.swappiness"),
        RefusedKey("cpu_count", "is for containers of Windows", "use `resources: {cpus: 2}`"),
        RefusedKey("cpu_percent", "is for containers of Windows", "use `resources: {cpus: 0.5}`"),
        RefusedKey("cpu_rt_period", "is for containers", "use the limit `rtprio` of `ulimits`"),
        RefusedKey("cpu_rt_runtime", "is for containers", "use the limit `rttime` of `ulimits`"),
    ]

    private static let metadata = [
        RefusedKey(
            "labels", "is metadata of containers, which nothing here reads",
            "keep notes under a key that begins with `x-`"),
        RefusedKey(
            "label_file", "is metadata of containers, which nothing here reads",
            "keep notes under a key that begins with `x-`"),
        RefusedKey(
            "annotations", "is metadata of containers, which nothing here reads",
            "keep notes under a key that begins with `x-`"),
        RefusedKey("attach", "is an option of Compose's `up`", "choose the services on the command line"),
        RefusedKey(
            "post_start", "is not in this version", "use a service that depends on this one, or a startup probe"),
        RefusedKey("models", "is for containers", "run the model's server as a service"),
        RefusedKey("driver_opts", "is for containers", "leave it out"),
    ]

    /// Top-level keys.
    static let ofStacks = [
        RefusedKey("networks", "is for containers", "services share the host's network: leave it out"),
        RefusedKey(
            "volumes", "is for containers", "programs see the host's files: use paths, such as `${state_dir}/data`"),
        RefusedKey(
            "configs", "is for containers",
            "programs see the host's files: name the file by its path where it is needed"),
        RefusedKey("models", "is for containers", "run the model's server as a service"),
    ]

    /// Keys of an entry of `develop.watch`.
    static let ofWatches = [
        RefusedKey("target", "is a place in a container", "the program sees the host's files: leave it out"),
        RefusedKey("initial_sync", "copies files into a container", "the program sees the host's files: leave it out"),
        RefusedKey("exec", "is run in a container after files were copied into it", "use `action: restart`"),
    ]
}
