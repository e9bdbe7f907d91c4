package dev.parley.local.xray;

import static dev.parley.local.xray.TestSegments.change;
import static dev.parley.local.xray.TestSegments.dynamoDb;
import static dev.parley.local.xray.TestSegments.entity;
import static dev.parley.local.xray.TestSegments.segment;
import static dev.parley.local.xray.TestSegments.with;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.amazonaws.xray.AWSXRayRecorder;
import com.amazonaws.xray.AWSXRayRecorderBuilder;
import com.amazonaws.xray.emitters.Emitter;
import com.amazonaws.xray.entities.Segment;
import com.amazonaws.xray.entities.Subsegment;
import com.amazonaws.xray.strategy.sampling.AllSamplingStrategy;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

final class SegmentDocumentTest {
  /// What breaks a rule, and the code that it is refused with.
  static Stream<Arguments> broken() {
    return Stream.of(
        rule("MissingTraceId", s -> s.remove("trace_id")),
        rule("InvalidTraceId", s -> s.put("trace_id", "1-581cf771-a006649127e371903a2de97")),
        rule("InvalidTraceId", s -> s.put("trace_id", "1-581CF771-a006649127e371903a2de979")),
        rule("MissingId", s -> s.remove("id")),
        rule("InvalidId", s -> s.put("id", "70de5b6f19ff9a0")),
        rule("InvalidId", s -> s.put("id", 7)),
        rule("MissingName", s -> s.remove("name")),
        rule("InvalidName", s -> s.put("name", "")),
        rule("InvalidName", s -> s.put("name", "a".repeat(201))),
        rule("InvalidName", s -> s.put("name", "a|b")),
        rule("InvalidName", s -> s.put("name", "what?")),
        rule("MissingStartTime", s -> s.remove("start_time")),
        rule("InvalidStartTime", s -> s.put("start_time", "1.7e9")),
        rule("InvalidStartTime", s -> s.put("start_time", 1.7e12)),
        rule("InvalidStartTime", s -> s.put("start_time", -1)),
        rule("MissingEndTime", s -> s.remove("end_time")),
        rule("MissingEndTime", s -> change(s, t -> t.remove("end_time")).put("in_progress", false)),
        rule("InvalidParentId", s -> s.put("parent_id", "none")),
        rule("MissingParentId", s -> s.put("type", "subsegment")),
        rule("InvalidType", s -> s.put("type", "segment")),
        rule("InvalidFault", s -> s.put("fault", "true")),
        rule("InvalidUser", s -> s.put("user", "u".repeat(251))),
        rule("InvalidAnnotations", s -> s.putObject("annotations").putObject("room")),
        rule("InvalidAnnotations", s -> s.putObject("annotations").putNull("room")),
        rule("InvalidAnnotations", s -> s.putObject("annotations").put("room", "r".repeat(1_001))),
        rule("InvalidAnnotations", s -> s.putObject("annotations").put("a room", "r")),
        rule("InvalidMetadata", s -> s.put("metadata", "text")),
        rule("InvalidHttp", s -> s.putObject("http").putObject("response").put("status", "200")),
        rule("InvalidHttp", s -> s.putObject("http").putObject("request").put("traced", "yes")),
        rule("InvalidAws", s -> s.putObject("aws").put("table_name", 1)),
        rule("InvalidCause", s -> s.put("cause", "short")),
        rule("InvalidSql", s -> s.put("sql", "SELECT")),
        rule("InvalidSubsegments", s -> s.putObject("subsegments")),
        rule("MissingName", s -> with(s, change(entity(2, "x", 0, 1), t -> t.remove("name")))),
        rule(
            "InvalidId",
            s -> with(s, with(entity(2, "x", 0, 1), entity(3, "y", 0, 1).put("id", "")))),
        rule("InvalidLinks", s -> s.put("links", "1-581cf771-a006649127e371903a2de979")),
        rule("DocumentTooLarge", s -> s.putObject("metadata").put("m", "m".repeat(64 * 1024))));
  }

  private static Arguments rule(String code, Consumer<ObjectNode> change) {
    return arguments(code, change(segment(1, "Name", 0, 1), change));
  }

  @ParameterizedTest
  @MethodSource("broken")
  void whatBreaksARuleIsRefusedWithTheNameOfTheField(String code, ObjectNode document) {
    SegmentDocument.Refused refused =
        assertThrows(SegmentDocument.Refused.class, () -> parse(document.toString()));

    assertEquals(code, refused.refusal().code(), refused.getMessage());
    assertTrue(refused.refusal().message().contains("ErrorCode: " + code));
  }

  @Test
  void theExamplesOfTheDeveloperGuideAreKept() throws Exception {
    for (String example :
        List.of(
            """
            {"name":"example.com","id":"70de5b6f19ff9a0a","start_time":1.478293361271E9,
            "trace_id":"1-581cf771-a006649127e371903a2de979","end_time":1.478293361449E9}\
            """,
            """
            {"name":"example.com","id":"70de5b6f19ff9a0b","start_time":1.478293361271E9,
            "trace_id":"1-581cf771-a006649127e371903a2de979","in_progress":true}\
            """,
            """
            {"name":"api.example.com","id":"53995c3f42cd8ad8","start_time":1.478293361271E9,
            "end_time":1.478293361449E9,"type":"subsegment",
            "trace_id":"1-581cf771-a006649127e371903a2de979","parent_id":"defdfd9912dc5a56",
            "namespace":"remote","http":{"request":{"url":"https://api.example.com/health",
            "method":"POST","traced":true},"response":{"status":200,"content_length":861}}}\
            """,
            """
            {"id":"6b55dcc497932f1a","start_time":1484789187.126,"end_time":1484789187.535,
            "trace_id":"1-5880168b-fd5158284b67678a3bb5a78c","name":"www.example.com",
            "origin":"AWS::EC2::Instance","aws":{"ec2":{"availability_zone":"us-west-2c",
            "instance_id":"i-0b5a4678fc325bg98"},"xray":{"sdk_version":"2.4.0 for Java"}},
            "annotations":{"customer_category":124,"zip_code":98101,"country":"United States",
            "internal":false},"subsegments":[{"id":"0e58d2918e9038e8","start_time":1484789387.502,
            "end_time":1484789387.534,"name":"## UserModel.saveUser","metadata":{"debug":{"test":1}},
            "cause":"6b55dcc497932f1b"}]}\
            """)) {
      assertEquals(16, parse(example).id().length());
    }
  }

  @Test
  void aSubsegmentInASubsegmentMayBeInProgress() throws Exception {
    ObjectNode call = dynamoDb(3, "Query", "Table", 0, 1);
    call.remove("end_time");
    call.put("in_progress", true);

    parse(with(segment(1, "Name", 0, 1), with(entity(2, "step", 0, 1), call)).toString());
  }

  @Test
  void aDocumentThatIsNoJsonHasNoId() {
    for (String text : List.of("", "{", "[]", "7", "null", "{} {}")) {
      SegmentDocument.Refused refused =
          assertThrows(SegmentDocument.Refused.class, () -> parse(text), text);
      assertEquals(null, refused.refusal().id());
    }
  }

  @Test
  void whatTheXRaySdkSerializesKeepsTheRules() throws Exception {
    List<String> documents = new ArrayList<>();
    AWSXRayRecorder sdk =
        AWSXRayRecorderBuilder.standard()
            .withSamplingStrategy(new AllSamplingStrategy())
            .withEmitter(
                new Emitter() {
                  @Override
                  public boolean sendSegment(Segment segment) {
                    return documents.add(segment.serialize());
                  }

                  @Override
                  public boolean sendSubsegment(Subsegment subsegment) {
                    return documents.add(subsegment.streamSerialize());
                  }
                })
            .build();

    Segment segment = sdk.beginSegment("Sdk");
    segment.setUser("ada");
    Subsegment step = sdk.beginSubsegment("## step");
    step.putAnnotation("room", "lobby");
    step.putAnnotation("members", 3);
    step.putMetadata("frames", List.of(1, 2));
    step.addException(new IllegalStateException("no", new IllegalArgumentException("why")));
    Subsegment call = sdk.beginSubsegment("DynamoDB");
    call.setNamespace("aws");
    call.putAws("table_name", "ChatMessages");
    sdk.endSubsegment();
    documents.add(step.streamSerialize());
    sdk.endSubsegment();
    sdk.endSegment();

    assertEquals(2, documents.size());
    for (String document : documents) {
      parse(document);
    }
  }

  private static SegmentDocument parse(String json) throws SegmentDocument.Refused {
    return SegmentDocument.of(json.getBytes(UTF_8));
  }
}
