using Pipeline.EventLog.Tests.Conformance;

namespace Pipeline.EventLog.Tests.Kafka;

public sealed class KafkaConformanceTests(KafkaLogHarness harness) : EventLogConformance(harness), IClassFixture<KafkaLogHarness>;

public sealed class KafkaConsumerConformanceTests(KafkaLogHarness harness) : ConsumerConformance(harness), IClassFixture<KafkaLogHarness>;

public sealed class KafkaGroupConformanceTests(KafkaLogHarness harness) : GroupConformance(harness), IClassFixture<KafkaLogHarness>;
