package dev.parley.local;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.almworks.sqlite4java.SQLiteConnection;
import dev.parley.local.dynamodb.LocalDynamoDb;
import dev.parley.local.faults.FaultPlan;
import dev.parley.local.net.Loopback;
import dev.parley.local.origins.Origins;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// What a library cannot read or open ends a start at once, with one line that names the setting.
@Timeout(20)
final class StartRefusalTest {
  private static final String TEMPLATE =
      """
      Transform: AWS::Serverless-2016-10-31
      Parameters:
        Stage: {Type: String, Default: test, AllowedPattern: "[a-z]+"}
      Resources:
        Api:
          Type: AWS::Serverless::WebSocketApi
          Properties:
            RouteSelectionExpression: $request.body.action
            StageName: !Ref Stage
        Rows:
          Type: AWS::DynamoDB::Table
          Properties:
            AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
            KeySchema: [{AttributeName: id, KeyType: HASH}]
        Jobs:
          Type: AWS::SQS::Queue
          Properties: {FifoQueue: true}
      """;

  private static final String OTHER_FOLDER =
      ": choose another folder with -Dparley.data=<folder>, or keep nothing with"
          + " -Dparley.data=memory";

  @TempDir private Path folder = Path.of("");
  private Path template = Path.of("");

  @BeforeEach
  void write() throws IOException {
    template = Files.writeString(folder.resolve("template.yaml"), TEMPLATE);
  }

  private String refusal(Path data) {
    return refusal(Options.inMemory(template).withData(data));
  }

  private static String refusal(Options options) {
    StartException refused = assertThrows(StartException.class, () -> LocalCloud.start(options));
    String message = String.valueOf(refused.getMessage());
    assertEquals(1, message.lines().count(), message);
    return message;
  }

  // ---- The template

  static Stream<Arguments> templates() {
    return Stream.of(
        Arguments.of("a: caf\u00e9", "$: not UTF-8"), // in Latin-1, as all of these
        Arguments.of(
            "a: 1\nb: \u0001", "$: not YAML: it has the character U+0001 (template.yaml:2)"),
        Arguments.of(
            "[".repeat(200) + "]".repeat(200),
            "$: not YAML that can be read: Nesting Depth exceeded max 50"),
        Arguments.of(
            "a: &a [*a]",
            "$: *a is an alias, which CloudFormation does not take (template.yaml:1)"),
        Arguments.of(
            "a: &a [1, 2]\nb: &b [*a, *a]\nc: [*b, *b]",
            "$: *a is an alias, which CloudFormation does not take (template.yaml:2)"),
        Arguments.of(
            "a:\n\tb: 1",
            "$: not YAML: found character '\\t(TAB)' that cannot start any token. (Do not use"
                + " \\t(TAB) for indentation) (template.yaml:2)"),
        Arguments.of("", "$: this template is empty"),
        Arguments.of("# nothing", "$: this template is empty"),
        Arguments.of("- a", "the template: expected a mapping (template.yaml)"),
        Arguments.of(
            "a: 1\n---\nb: 2", "$: not YAML: but found another document (template.yaml:2)"),
        Arguments.of(TEMPLATE + "Transform: x\n", "Transform: is there twice (template.yaml:18)"),
        Arguments.of(
            "#".repeat(1024 * 1024 + 1),
            "$: larger than 1048576 bytes, the most that CloudFormation takes"),
        Arguments.of(
            TEMPLATE.replace("[a-z]+", "[a-z"),
            "Parameters.Stage.AllowedPattern: `[a-z` is not a regular expression: Unclosed"
                + " character class (template.yaml:3)"),
        Arguments.of(
            TEMPLATE.replace("Default: test", "Default: \"1\\n2\\u0007\\u20283\""),
            "Parameters.Stage: `1 2 3` is not what AllowedPattern and the like allow"
                + " (template.yaml:3)"),
        Arguments.of(
            TEMPLATE.replace("FifoQueue: true", "FifoQueue: !Ref Jobs"),
            "Jobs.Properties.FifoQueue: refers to itself (template.yaml:17)"),
        Arguments.of(
            TEMPLATE.replace("FifoQueue: true", "QueueName: [a]"),
            "Jobs.Properties.QueueName: expected one value (template.yaml:17)"));
  }

  @ParameterizedTest
  @MethodSource("templates")
  void aTemplateThatCannotBeReadIsToldInOneLine(String content, String line) throws IOException {
    Files.write(template, content.getBytes(ISO_8859_1));

    assertEquals(line.replace("$", template.toString()), refusal(folder.resolve("data")));
  }

  @Test
  void eachThingThatIsWrongWithATemplateHasItsLine() throws IOException {
    Files.writeString(
        template,
        TEMPLATE
            .replace("FifoQueue: true", "FifoQueue: maybe")
            .replace("Default: test", "Default: \"1\\n2\""));

    assertEquals(
        List.of(
            "template.yaml: 2 things cannot be honoured:",
            "Parameters.Stage: `1 2` is not what AllowedPattern and the like allow"
                + " (template.yaml:3)",
            "Jobs.Properties.FifoQueue: `maybe` is not honoured here, only true, false"
                + " (template.yaml:17)"),
        String.valueOf(
                assertThrows(
                        StartException.class,
                        () -> LocalCloud.start(Options.inMemory(template)).close())
                    .getMessage())
            .lines()
            .toList());
  }

  @Test
  void aTemplateThatIsNoFileIsToldInOneLine() throws IOException {
    template = Files.createDirectory(folder.resolve("folder.yaml"));
    assertEquals(
        template + ": this template cannot be read: Is a directory",
        refusal(folder.resolve("data")));
    template = folder.resolve("none.yaml");
    assertEquals(template + ": there is no such template", refusal(folder.resolve("data")));
  }

  @Test
  void aTemplateMayBeginWithAByteOrderMark() throws Exception {
    Files.writeString(template, "\ufeff" + TEMPLATE);

    try (LocalCloud cloud = LocalCloud.start(Options.inMemory(template))) {
      assertEquals("test", cloud.stage());
    }
  }

  @Test
  void whatDynamoDbRefusesIsToldByResource() throws IOException {
    Files.writeString(
        template,
        TEMPLATE.replace(
            "[{AttributeName: id, AttributeType: S}]",
            "[{AttributeName: id, AttributeType: S}, {AttributeName: b, AttributeType: S}]"));

    assertEquals(
        "Rows.Properties: The number of attributes in key schema must match the number of"
            + " attributes defined in attribute definitions.",
        refusal(folder.resolve("data")));
  }

  @Test
  void aPortThatIsTakenIsToldByItsSetting() throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, Loopback.V4)) {
      int port = taken.getLocalPort();
      Options options = Options.inMemory(template).withSqsPort(port);

      assertEquals(
          ("parley.sqs.port=%d: 127.0.0.1:%d is taken: stop what uses it, or choose another with"
                  + " -Dparley.sqs.port=<port> (0 takes a free one)")
              .formatted(port, port),
          assertThrows(StartException.class, () -> LocalCloud.start(options)).getMessage());
    }
  }

  // ---- The folder

  private Path data() throws IOException {
    return Files.createDirectory(folder.resolve("data"));
  }

  private Path tables(Path data) throws IOException {
    try (LocalDynamoDb dynamoDb = LocalDynamoDb.start(0, data, Origins.OF_THIS_MACHINE)) {
      dynamoDb.client().listTables();
    }
    return data.resolve("shared-local-instance.db");
  }

  @Test
  void aFolderThatCannotKeepTheCertificateIsToldInOneLine() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "");

    assertEquals(
        "parley.tls="
            + file
            + ": the certificate of https and wss cannot be kept there"
            + " (FileAlreadyExistsException): choose another folder with -Dparley.tls=<folder>",
        refusal(Options.inMemory(template).withTls(file)));
  }

  @Test
  void aFileThatIsNotADatabaseIsToldInOneLine() throws IOException {
    Path data = data();
    Files.writeString(data.resolve("shared-local-instance.db"), "no database".repeat(100));

    assertEquals(
        "parley.data="
            + data
            + " holds tables that are damaged (shared-local-instance.db)"
            + OTHER_FOLDER,
        refusal(data));
  }

  @Test
  void aDamagedDatabaseIsToldInOneLine() throws IOException {
    Path data = data();
    Path database = tables(data);
    byte[] bytes = Files.readAllBytes(database);
    Files.write(database, Arrays.copyOf(bytes, bytes.length / 2));

    assertEquals(
        "parley.data="
            + data
            + " holds tables that are damaged (shared-local-instance.db)"
            + OTHER_FOLDER,
        refusal(data));
  }

  @Test
  void aDatabaseThatCannotBeOpenedIsToldInOneLine() throws IOException {
    Path data = data();
    Files.createDirectory(data.resolve("shared-local-instance.db"));
    assertEquals(
        "parley.data="
            + data
            + " holds tables that cannot be opened (shared-local-instance.db: unable to open"
            + " database file)"
            + OTHER_FOLDER,
        refusal(data));

    Path deep = folder;
    while (deep.toString().length() < 600) {
      deep = deep.resolve("x".repeat(100));
    }
    assertEquals(
        "parley.data="
            + deep
            + " holds tables that cannot be opened (shared-local-instance.db: unable to open"
            + " database file)"
            + OTHER_FOLDER,
        refusal(deep));
  }

  @Test
  void aDatabaseThatAnotherProgramHasOpenIsToldInOneLine() throws Exception {
    Path data = data();
    SQLiteConnection other = new SQLiteConnection(tables(data).toFile()).open(false);
    try {
      other.exec("BEGIN EXCLUSIVE");

      assertEquals(
          "parley.data="
              + data
              + " holds tables that another program has open (shared-local-instance.db)"
              + OTHER_FOLDER,
          refusal(data));
    } finally {
      other.dispose();
    }
  }

  @Test
  void aFolderThatCannotBeUsedIsToldInOneLine() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "");
    assertEquals("parley.data=" + file + " is a file" + OTHER_FOLDER, refusal(file));
    assertTrue(
        refusal(Path.of("/proc/none"))
            .matches("parley\\.data=/proc/none cannot be written \\([A-Za-z ]+\\): choose.*"));
    for (String inTheWay : List.of("connections", "stream-checkpoints.json")) {
      Path data = Files.createDirectory(folder.resolve("with " + inTheWay));
      if (inTheWay.equals("connections")) {
        Files.writeString(data.resolve(inTheWay), "");
      } else {
        Files.createDirectory(data.resolve(inTheWay));
      }
      assertTrue(
          refusal(data)
              .startsWith(
                  "parley.data="
                      + data
                      + " holds stream checkpoints or a journal of connections that cannot be read"
                      + " ("));
    }
  }

  // ---- Signatures

  @Test
  void signaturesThatNoneCouldVerifyAreRefusedWithBothOptions() {
    Options verified = Options.inMemory(template).withSigv4(true);
    String why =
        ": functions call through a proxy then, and sign its address; leave one of them out";

    assertEquals(
        "parley.sigv4=true cannot go with parley.faults=function.frozen, index.lag" + why,
        refusal(
            verified.withFaults(
                FaultPlan.parse("index.lag=0.1/5ms,push.lost=0.1,function.frozen=0.1/5ms"))));
    assertEquals(
        "parley.sigv4=true cannot go with Options.withMetered" + why,
        refusal(verified.withMetered(true)));
  }

  // ---- The process

  @Test
  void whatAProcessCannotBeGivenIsRefusedByName() throws IOException {
    Options options = Options.inMemory(template).withInProcesses(true);
    FaultPlan plan = FaultPlan.parse("push.lost=0.1,clock.skew=1/500ms");
    assertEquals(
        "parley.faults: clock.skew cannot be given to processes, which have this machine's clock:"
            + " leave it out, or parley.functions=process",
        assertThrows(StartException.class, () -> LocalCloud.start(options.withFaults(plan)))
            .getMessage());

    Files.writeString(
        template,
        TEMPLATE
            + """
              Fn:
                Type: AWS::Serverless::Function
                Properties:
                  Runtime: java25
                  Handler: a.B
                  CodeUri: target/missing.zip
            """);
    assertEquals(
        "Fn.Properties.CodeUri: "
            + folder.resolve("target/missing.zip")
            + " cannot be unpacked (NoSuchFileException): build it (mvn -DskipTests package, or sam"
            + " build), or correct the template",
        assertThrows(StartException.class, () -> LocalCloud.start(options)).getMessage());
  }

  @Test
  void aProcessPrintsThatLineAndNothingElse() throws Exception {
    Path data = data();
    Files.writeString(data.resolve("shared-local-instance.db"), "no database".repeat(100));
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-classpath",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path")),
                "-Dparley.template=" + template,
                "-Dparley.data=" + data,
                "-Dparley.port=0",
                "dev.parley.local.Main")
            .redirectErrorStream(true)
            .start();

    List<String> lines =
        new String(process.getInputStream().readAllBytes(), UTF_8)
            .lines()
            .filter(line -> !line.startsWith("SLF4J(W)"))
            .toList();

    assertEquals(
        List.of(
            "Parley cannot start: parley.data="
                + data
                + " holds tables that are damaged (shared-local-instance.db)"
                + OTHER_FOLDER),
        lines);
    assertEquals(1, process.waitFor());
  }
}
