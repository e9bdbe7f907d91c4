package dev.parley.local.template;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.local.template.QueueResource.Redrive;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class QueueTemplateTest {
  /// Every case below changes one thing in this.
  private static final String GOOD =
      """
      Transform: AWS::Serverless-2016-10-31
      Globals:
        Function: {Runtime: java25, Timeout: 10, LoggingConfig: {LogGroup: !Ref Logs}}
      Resources:
        Push:
          Type: AWS::Serverless::Function
          Properties:
            Handler: a.Push
            Environment:
              Variables:
                URL: !Ref Segments
                SAME: !GetAtt Segments.QueueUrl
                NAMES: !Sub "${Segments.QueueName} ${Segments.Arn}"
                ALARM: !GetAtt Depth.Arn
            Events:
              Segments:
                Type: SQS
                Properties:
                  Queue: !GetAtt Segments.Arn
                  FunctionResponseTypes: [ReportBatchItemFailures]
                  ScalingConfig: {MaximumConcurrency: 8}
              Retries:
                Type: SQS
                Properties:
                  Queue: !GetAtt Retries.Arn
                  BatchSize: 100
                  MaximumBatchingWindowInSeconds: 1
        Segments:
          Type: AWS::SQS::Queue
          Properties:
            FifoQueue: true
            DeduplicationScope: messageGroup
            FifoThroughputLimit: perMessageGroupId
            VisibilityTimeout: 60
            SqsManagedSseEnabled: true
            RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 5}
        Dead:
          Type: AWS::SQS::Queue
          Properties: {QueueName: dead.fifo, FifoQueue: true, MessageRetentionPeriod: 1209600}
        Retries:
          Type: AWS::SQS::Queue
          Properties: {QueueName: retries, DelaySeconds: 3}
        Depth:
          Type: AWS::CloudWatch::Alarm
          Properties:
            Namespace: AWS/SQS
            Dimensions: [{Name: QueueName, Value: !GetAtt Dead.QueueName}]
        Board:
          Type: AWS::CloudWatch::Dashboard
          Properties: {DashboardBody: !Sub '{"widgets": ["${Depth.Arn}"]}'}
        Logs:
          Type: AWS::Logs::LogGroup
          Properties: {RetentionInDays: 30}
      """;

  @TempDir private Path folder = Path.of("");

  @Test
  void aQueueIsWhatTheTemplateSaysOrElseSqsDefaults() throws IOException {
    Template template = read(GOOD);

    assertEquals(
        List.of(
            new QueueResource(
                "Segments",
                "Segments.fifo",
                "arn:aws:sqs:us-east-1:000000000000:Segments.fifo",
                "https://sqs.us-east-1.amazonaws.com/000000000000/Segments.fifo",
                true,
                false,
                Duration.ofSeconds(60),
                Duration.ZERO,
                Duration.ZERO,
                new Redrive("arn:aws:sqs:us-east-1:000000000000:dead.fifo", 5)),
            new QueueResource(
                "Dead",
                "dead.fifo",
                "arn:aws:sqs:us-east-1:000000000000:dead.fifo",
                "https://sqs.us-east-1.amazonaws.com/000000000000/dead.fifo",
                true,
                false,
                Duration.ofSeconds(30),
                Duration.ZERO,
                Duration.ZERO,
                null),
            new QueueResource(
                "Retries",
                "retries",
                "arn:aws:sqs:us-east-1:000000000000:retries",
                "https://sqs.us-east-1.amazonaws.com/000000000000/retries",
                false,
                false,
                Duration.ofSeconds(30),
                Duration.ofSeconds(3),
                Duration.ZERO,
                null)),
        template.queues());
  }

  @Test
  void refAndGetAttOfAQueueAndAnAlarmAreResolved() throws IOException {
    FunctionResource push = Objects.requireNonNull(read(GOOD).functions().get("Push"));

    assertEquals(
        Map.of(
            "URL", "https://sqs.us-east-1.amazonaws.com/000000000000/Segments.fifo",
            "SAME", "https://sqs.us-east-1.amazonaws.com/000000000000/Segments.fifo",
            "NAMES", "Segments.fifo arn:aws:sqs:us-east-1:000000000000:Segments.fifo",
            "ALARM", "arn:aws:cloudwatch:us-east-1:000000000000:alarm:Depth"),
        push.environment());
  }

  @Test
  void aMappingIsWhatTheTemplateSaysOrElseLambdasDefaults() throws IOException {
    List<QueueMappingResource> mappings = read(GOOD).queueMappings();

    QueueMappingResource segments = mappings.getFirst();
    assertEquals("PushSegments", segments.logicalId());
    assertEquals("Push", segments.function());
    assertEquals("Segments.fifo", segments.queue().name());
    assertEquals(10, segments.batchSize());
    assertEquals(8, segments.concurrencyMax());
    assertTrue(segments.reportsItemFailures());
    QueueMappingResource retries = mappings.getLast();
    assertEquals(100, retries.batchSize());
    assertEquals(Duration.ofSeconds(1), retries.batchingWindow());
    assertEquals(0, retries.concurrencyMax());
    assertFalse(retries.reportsItemFailures());
    assertNull(retries.queue().redrive());
  }

  @Test
  void aMappingThatIsNotEnabledIsNotThere() throws IOException {
    Template template =
        read(GOOD.replace("BatchSize: 100", "Enabled: false\n            BatchSize: 100"));

    assertEquals(
        List.of("PushSegments"),
        template.queueMappings().stream().map(QueueMappingResource::logicalId).toList());
  }

  static Stream<Arguments> refusals() {
    return Stream.of(
        Arguments.of(
            "QueueName: dead.fifo",
            "QueueName: dead",
            "Dead.Properties.QueueName: `dead`: a FIFO queue's name, and no other's, ends with"
                + " .fifo (template.yaml:39)"),
        Arguments.of(
            "QueueName: retries",
            "QueueName: re tries",
            "Retries.Properties.QueueName: `re tries` is not a queue name (template.yaml:42)"),
        Arguments.of(
            "QueueName: retries",
            "ContentBasedDeduplication: true",
            "Retries.Properties.ContentBasedDeduplication: is for FIFO queues (template.yaml:42)"),
        Arguments.of(
            "DeduplicationScope: messageGroup",
            "DeduplicationScope: queue",
            "Segments.Properties.FifoThroughputLimit: needs DeduplicationScope messageGroup"
                + " (template.yaml:33)"),
        Arguments.of(
            "deadLetterTargetArn: !GetAtt Dead.Arn",
            "deadLetterTargetArn: !GetAtt Retries.Arn",
            "Segments.Properties.RedrivePolicy.deadLetterTargetArn:"
                + " `arn:aws:sqs:us-east-1:000000000000:retries` is no other FIFO queue of this"
                + " template (template.yaml:36)"),
        Arguments.of(
            "maxReceiveCount: 5",
            "maxReceiveCount: 0",
            "Segments.Properties.RedrivePolicy.maxReceiveCount: `0` is not a whole number from 1 to"
                + " 1000 (template.yaml:36)"),
        Arguments.of(
            "VisibilityTimeout: 60",
            "VisibilityTimeout: 9",
            "Segments.Properties.VisibilityTimeout: 9 s is less than the timeout of Push, 10 s"
                + " (template.yaml:34)"),
        Arguments.of(
            "SqsManagedSseEnabled: true",
            "RedriveAllowPolicy: {}",
            "Segments.Properties.RedriveAllowPolicy: the local cloud does not honour this property"
                + " (template.yaml:35)"),
        Arguments.of(
            "Queue: !GetAtt Retries.Arn",
            "Queue: !Ref Retries",
            "Push.Properties.Events.Retries.Properties.Queue:"
                + " `https://sqs.us-east-1.amazonaws.com/000000000000/retries` is no queue of this"
                + " template (template.yaml:25)"),
        Arguments.of(
            "MaximumBatchingWindowInSeconds: 1",
            "MaximumBatchingWindowInSeconds: 0",
            "Push.Properties.Events.Retries.Properties.BatchSize: above 10 needs a"
                + " MaximumBatchingWindowInSeconds of at least 1 (template.yaml:26)"),
        Arguments.of(
            "ScalingConfig: {MaximumConcurrency: 8}",
            "ScalingConfig: {MaximumConcurrency: 1}",
            "Push.Properties.Events.Segments.Properties.ScalingConfig.MaximumConcurrency: `1` is"
                + " not a whole number from 2 to 1000 (template.yaml:21)"),
        Arguments.of(
            "ScalingConfig: {MaximumConcurrency: 8}",
            "BatchSize: 11",
            "Push.Properties.Events.Segments.Properties.BatchSize: `11` is not a whole number from"
                + " 1 to 10 (template.yaml:21)"),
        Arguments.of(
            "ScalingConfig: {MaximumConcurrency: 8}",
            "MaximumBatchingWindowInSeconds: 1",
            "Push.Properties.Events.Segments.Properties.MaximumBatchingWindowInSeconds: a FIFO"
                + " queue is read without a batching window (template.yaml:21)"),
        Arguments.of(
            "ScalingConfig: {MaximumConcurrency: 8}",
            "DestinationConfig: {OnFailure: {Destination: !GetAtt Retries.Arn}}",
            "Push.Properties.Events.Segments.Properties.DestinationConfig: is not for events of"
                + " type SQS (template.yaml:21)"),
        Arguments.of(
            "ScalingConfig: {MaximumConcurrency: 8}",
            "StartingPosition: LATEST",
            "Push.Properties.Events.Segments.Properties.StartingPosition: is not for events of type"
                + " SQS (template.yaml:21)"),
        Arguments.of(
            "ScalingConfig: {MaximumConcurrency: 8}",
            "FilterCriteria: {Filters: [{Pattern: '{\"messageId\": [\"a\"]}'}]}",
            "Push.Properties.Events.Segments.Properties.FilterCriteria: `{\"messageId\": [\"a\"]}`"
                + " is no filter pattern: a queue's messages are filtered by their body, not by"
                + " messageId (template.yaml:21)"),
        Arguments.of(
            "Value: !GetAtt Dead.QueueName",
            "Value: !GetAtt Gone.QueueName",
            "Depth.Properties.Dimensions.0.Value: `Gone` is no resource (template.yaml:47)"));
  }

  @ParameterizedTest
  @MethodSource("refusals")
  void whatCannotBeHonouredIsRefusedByNameAndLine(String good, String bad, String message) {
    assertTrue(GOOD.contains(good), good);

    TemplateException refusal =
        assertThrows(TemplateException.class, () -> read(GOOD.replace(good, bad)));

    assertEquals(message, refusal.getMessage());
  }

  private Template read(String content) throws IOException {
    Path file = folder.resolve("template.yaml");
    Files.writeString(file, content);
    return Template.read(file, Map.of());
  }
}
