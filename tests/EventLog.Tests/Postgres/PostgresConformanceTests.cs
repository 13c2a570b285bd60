using Pipeline.EventLog.Tests.Conformance;

namespace Pipeline.EventLog.Tests.Postgres;

public sealed class PostgresConformanceTests(PostgresLogHarness harness) : EventLogConformance(harness), IClassFixture<PostgresLogHarness>;

public sealed class PostgresConsumerConformanceTests(PostgresLogHarness harness) : ConsumerConformance(harness), IClassFixture<PostgresLogHarness>;

public sealed class PostgresGroupConformanceTests(PostgresLogHarness harness) : GroupConformance(harness), IClassFixture<PostgresLogHarness>;
