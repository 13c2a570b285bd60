// The tests wait more than they compute: for PostgreSQL, and for the mock cluster's groups, which take seconds to share out.
[assembly: CollectionBehavior(MaxParallelThreads = 4)]
