import DaemonKit

Stackd.main()
