using Pipeline.EventLog.Tests.Conformance;

namespace Pipeline.EventLog.Tests.Postgres;

public sealed class PostgresConformanceTests(PostgresLogHarness harness) : EventLogConformance(harness), IClassFixture<PostgresLogHarness>;
