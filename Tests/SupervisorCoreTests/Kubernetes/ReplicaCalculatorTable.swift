/// The cases of Kubernetes' replica_calculator_test.go (later than 1.33) with their own names and figures.
///
/// `name | metric, its target, and the slots' requests | what is measured | slots | tolerance up/down | replicas, value`,
/// with the number that is wanted before the slots where it is not their number. Metrics are `utilization` and `average`
/// of each replica, `value` and `each` (per replica) of the whole; numbers are thousandths. A slot is
/// `R` ready for long, `u` unready since ever, `h` ready and just started, `H` just started, `p` pending, `F` failed or
/// going. `-` is what is not measured.
///
/// A pod of the original has two containers that do the same; here it is one. Left out are 11 cases of one container's
/// metrics, and the sums of containers' requests (9 cases): a replica has no containers. What is of pods that nobody knows
/// is dropped before the calculator (`AutoscalerTests`), as is a metric without requests.
enum ReplicaCalculatorTable {
    static let text = """
        scale up                                    | utilization 30 of 1000 | 300 500 700 | RRR | | 5 50
        scale up: unready pod scales less           | utilization 30 of 1000 | 300 500 700 | uRR | | 4 60
        scale up: hot-CPU pod scales less           | utilization 30 of 1000 | 300 500 700 | hRR | | 4 60
        no scale: unready pods ignored              | utilization 30 of 1000 | 400 500 700 | Ruu | | 3 40
        no scale: hot-CPU pods ignored              | utilization 30 of 1000 | 400 500 700 | RHH | | 3 40
        scale up: failed pods ignored               | utilization 30 of 1000 | 500 700 - - | 2 RRFF | | 4 60
        scale up: pods being deleted are ignored    | utilization 30 of 1000 | 500 700 - - | 2 RRFF | | 4 60
        scale down                                  | utilization 50 of 1000 | 100 300 500 250 250 | RRRRR | | 3 28
        scale down: exclude unready pods            | utilization 50 of 1000 | 100 300 500 250 250 | RRRuu | | 2 30
        scale down: exclude unscheduled pods        | utilization 50 of 1000 | 100 - - - - | Rpppp | | 1 10
        scale down: ignore hot-CPU pods             | utilization 50 of 1000 | 100 300 500 250 250 | RRRhh | | 2 30
        scale down: failed pods ignored             | utilization 50 of 1000 | 100 300 500 250 250 - - | 5 RRRRRFF | | 3 28
        scale down: pods being deleted are ignored  | utilization 50 of 1000 | 100 300 500 250 250 - - | 5 RRRRRFF | | 3 28
        DisjointResourcesMetrics                    | utilization 100 of 1000 | - | R | | failed
        ScaleUpOverflow                             | value 1 | 9223372036854775807 | RRR | | 2147483647 9223372036854775807
        ExternalPerPodMetricReplicaOverflow         | each 1 | 9223372036854775807 | R | | 2147483647 9223372036854775807
        ExternalPerPodMetricUsageOverflow           | each 9223372036854775807 | 9223372036854775807 | R | | 1 9223372036854775807
        ExternalMetricUsageOverflow                 | value 9223372036854775807 | 9223372036854775807 | RRR | | 3 9223372036854775807
        ScaleUpCM                                   | average 15000 | 20000 10000 30000 | RRR | | 4 20000
        ScaleUpCMUnreadyHotCpuNoLessScale           | average 15000 | 50000 10000 30000 | RRH | | 6 30000
        ScaleUpCMUnreadyHotCpuScaleWouldScaleDown   | average 15000 | 50000 15000 30000 | HRH | | 7 31666
        ScaleUpCMObject                             | value 15000 | 20000 | RRR | | 4 20000
        ScaleUpCMPerPodObject                       | each 5000 | 20000 | RRR | | 4 6667
        ScaleUpCMObjectIgnoresUnreadyPods           | value 10000 | 50000 | uRu | | 5 50000
        ScaleUpCMExternalIgnoresUnreadyPods         | value 4400 | 8600 | uRu | | 2 8600
        ScaleUpPerPodCMExternal                     | each 2150 | 8600 | RRR | | 4 2867
        ScaleDownCM                                 | average 20000 | 12000 12000 12000 12000 12000 | RRRRR | | 3 12000
        ScaleDownPerPodCMObject                     | each 2000 | 6000 | RRRRR | | 3 1200
        ScaleDownCMObject                           | value 20000 | 12000 | RRRRR | | 3 12000
        ScaleDownCMExternal                         | value 14334 | 8600 | RRRRR | | 3 8600
        ScaleDownPerPodCMExternal                   | each 2867 | 8600 | RRRRR | | 3 1720
        Tolerance                                   | utilization 100 of 900 1000 1100 | 1010 1030 1020 | RRR | | 3 102
        ToleranceCM                                 | average 20000 | 20000 21000 21000 | RRR | | 3 20666
        ToleranceCMObject                           | value 20000 | 20666 | RRR | | 3 20666
        TolerancePerPodCMObject                     | each 5000 | 20166 | RRRR | | 4 5042
        ToleranceCMExternal                         | value 8888 | 8600 | RRR | | 3 8600
        TolerancePerPodCMExternal                   | each 2900 | 8600 | RRR | | 3 2867
        Outside of a 0% tolerance                   | utilization 100 of 900 1000 1100 | 909 1010 1111 | RRR | 0 0 | 4 101
        Within a 200% scale-up tolerance            | utilization 100 of 900 1000 1100 | 1890 1910 1900 | RRR | 2000 100 | 3 190
        Outside 8% scale-up tolerance               | utilization 100 of 900 1000 1100 | 1100 1080 1090 | RRR | 80 2000 | 4 109
        Within a 36% scale-down tolerance           | utilization 100 of 900 1000 1100 | 660 640 650 | RRR | 100 360 | 3 65
        Outside a 34% scale-down tolerance          | utilization 100 of 900 1000 1100 | 660 640 650 | RRR | 100 340 | 2 65
        ConfigurableToleranceCM                     | average 20000 | 20000 21000 21000 | RRR | 10 100 | 4 20666
        ConfigurableToleranceCMObject               | value 20000 | 20666 | RRR | 10 100 | 4 20666
        ConfigurableTolerancePerPodCMObject         | each 5000 | 20208 | RRRR | 10 100 | 5 5052
        ConfigurableToleranceCMExternal             | value 8800 | 8900 | RRR | 10 100 | 4 8900
        ConfigurableTolerancePerPodCMExternal       | each 2800 | 8600 | RRR | 10 100 | 4 2867
        SuperfluousMetrics                          | utilization 100 of 1000 | 4000 9500 3000 7000 | RRRR | | 24 587
        MissingMetrics                              | utilization 100 of 1000 | 400 95 - - | RRRR | | 3 24
        EmptyMetrics                                | utilization 100 of 1000 | - - - - | RRRR | | failed
        PlainMetricMissingMetricsNoChangeEq         | average 20000 | 20000 19000 21000 - - | RRRRR | | 5 20000
        MissingMetricsNoChangeEq                    | utilization 100 of 1000 | 1000 - | RR | | 2 100
        MissingMetricsNoChangeGt                    | utilization 100 of 1000 | 1900 - | RR | | 2 190
        MissingMetricsNoChangeLt                    | utilization 100 of 1000 | 600 - | RR | | 2 60
        MissingMetricsUnreadyChange                 | utilization 50 of 1000 | 100 450 - | uRR | | 3 45
        MissingMetricsHotCpuNoChange                | utilization 50 of 1000 | 100 450 - | hRR | | 3 45
        MissingMetricsUnreadyScaleUp                | utilization 50 of 1000 | 100 2000 - | uRR | | 4 200
        MissingMetricsHotCpuScaleUp                 | utilization 50 of 1000 | 100 2000 - | HRR | | 4 200
        MissingMetricsUnreadyScaleDown              | utilization 50 of 1000 | 100 100 100 - | uRRR | | 3 10
        MissingMetricsScaleDownTargetOver100        | utilization 300 of 1000 1000 2000 2000 | 200 100 100 - | uRRR | | 2 6
        DuringRollingUpdateWithMaxSurge             | utilization 50 of 1000 | 100 100 - | 2 RRR | | 2 10
        DuringRollingUpdateWithMaxSurgeCM           | average 17000 | 10000 10000 - | 2 RRR | | 2 10000
        ComputedToleranceAlgImplementation          | utilization 56 of 400 200 310 290 302 298 301 299 300 300 | 150 150 150 150 150 150 150 150 150 150 | RRRRRRRRRR | | 9 50
        ComputedToleranceAlgImplementation, kept    | utilization 55 of 400 200 310 290 302 298 301 299 300 300 | 150 150 150 150 150 150 150 150 150 150 | RRRRRRRRRR | | 10 50
        """
}
