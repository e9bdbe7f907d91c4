package dev.parley.local;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.almworks.sqlite4java.SQLiteConnection;
import dev.parley.local.dynamodb.LocalDynamoDb;
import dev.parley.local.faults.FaultPlan;
import dev.parley.local.gateway.RequestQuota;
import dev.parley.local.lambda.FunctionProcesses.Limits;
import dev.parley.local.origins.Origins;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

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
    Options options = Options.inMemory(template).withData(data);
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

  // ---- The process

  @Test
  void anInvalidPathIsToldByItsSetting() {
    for (String setting : List.of("parley.template", "parley.data", "parley.site")) {
      Properties properties = new Properties();
      properties.setProperty(setting, "a\0b");

      assertEquals(
          setting + "=a b is no path: Nul character not allowed",
          assertThrows(StartException.class, () -> Main.options(properties)).getMessage());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"-0.1", "1.1", "NaN", "10%", ""})
  void aShareThatIsNoneIsToldByItsSetting(String share) {
    Properties properties = new Properties();
    properties.setProperty("parley.sampling", share);

    assertEquals(
        "parley.sampling="
            + share
            + ": give the share of invocations that begin a trace, from 0 to 1",
        assertThrows(StartException.class, () -> Main.options(properties)).getMessage());
  }

  @ParameterizedTest
  @CsvSource({
    "parley.quota,-1,0,; 0 is no quota",
    "parley.quota,1000001,0,; 0 is no quota",
    "parley.quota,2.5,0,; 0 is no quota",
    "parley.quota.bucket,0,1,''",
    "parley.quota.bucket,many,1,''"
  })
  void aQuotaThatIsNoneIsToldByItsSetting(String name, String value, int min, String note) {
    Properties properties = new Properties();
    properties.setProperty(name, value);

    assertEquals(
        "%s=%s: give a whole number of requests from %d to 1000000%s"
            .formatted(name, value, min, note),
        assertThrows(StartException.class, () -> Main.options(properties)).getMessage());
  }

  @Test
  void theQuotaIsAwssUnlessAnotherIsGiven() throws Exception {
    Properties properties = new Properties();
    assertEquals(new RequestQuota(10_000, 5_000), Main.options(properties).quota());

    properties.setProperty("parley.quota", "2500");
    properties.setProperty("parley.quota.bucket", "1250");
    assertEquals(new RequestQuota(2_500, 1_250), Main.options(properties).quota());

    properties.setProperty("parley.quota", "0");
    assertEquals(0, Main.options(properties).quota().perSecond());
  }

  @Test
  void tracingIsSetByShareAndPort() throws Exception {
    Properties properties = new Properties();
    assertEquals(1, Main.options(properties).sampling());
    assertNull(Main.options(properties).xrayPort());

    properties.setProperty("parley.sampling", "0.25");
    properties.setProperty("parley.xray.port", "");
    assertEquals(0.25, Main.options(properties).sampling());
    assertNull(Main.options(properties).xrayPort());

    properties.setProperty("parley.xray.port", "2001");
    assertEquals(2001, Main.options(properties).xrayPort());
    properties.setProperty("parley.xray.port", "x");
    assertEquals(
        "parley.xray.port=x is not a port: give a number from 1 to 65535, or 0 for a free one",
        assertThrows(StartException.class, () -> Main.options(properties)).getMessage());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "parley.functions|docker|give jvm, or process for packages in processes of their own",
        "parley.functions.max|0|give a whole number of processes from 1 to 16",
        "parley.functions.max|17|give a whole number of processes from 1 to 16",
        "parley.functions.max|1.5|give a whole number of processes from 1 to 16",
        "parley.functions.idle|0|give seconds from 1 to 86400",
        "parley.functions.idle|never|give seconds from 1 to 86400",
        "parley.issuer|https://issuer.example|give local, or nothing; another issuer is told to the"
            + " template by its parameters"
      })
  void aWayToRunThatIsNoneIsToldByItsSetting(String name, String value, String expected) {
    Properties properties = new Properties();
    properties.setProperty(name, value);

    assertEquals(
        "%s=%s: %s".formatted(name, value, expected),
        assertThrows(StartException.class, () -> Main.options(properties)).getMessage());
  }

  @Test
  void thereIsNoIssuerUnlessOneIsAskedFor() throws Exception {
    Properties properties = new Properties();
    assertFalse(Main.options(properties).issuer());
    properties.setProperty("parley.issuer", "");
    assertFalse(Main.options(properties).issuer());

    properties.setProperty("parley.issuer", "local");
    assertTrue(Main.options(properties).issuer());
  }

  @Test
  void functionsRunInThisJvmUnlessProcessesAreAskedFor() throws Exception {
    Properties properties = new Properties();
    assertNull(Main.options(properties).processes());

    properties.setProperty("parley.functions", "process");
    assertEquals(Limits.USUAL, Main.options(properties).processes());

    properties.setProperty("parley.functions.max", "4");
    properties.setProperty("parley.functions.idle", "1.5");
    assertEquals(new Limits(4, Duration.ofMillis(1_500)), Main.options(properties).processes());
  }

  @Test
  void whatAProcessCannotBeGivenIsRefusedByName() throws IOException {
    Options options = Options.inMemory(template).withProcesses(Limits.USUAL);
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
