import ArgumentParser

/// Flags that Compose needs and stackd does not, since what they ask for is always so. They are taken all the same, so
/// that fingers and scripts that are used to Compose are right.
enum ComposeHabits {
    struct RemoveOrphans: ParsableArguments {
        @Flag(help: "As always here: what is gone from the file is stopped.")
        var removeOrphans = false
    }

    struct All: ParsableArguments {
        @Flag(name: .shortAndLong, help: "As always here: what does not run is listed too.")
        var all = false
    }
}
