package dev.parley.tool;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// `java -jar parley-local.jar template.yaml`, by somebody who has a template and nothing of ours.
@Timeout(240)
class ToolTest {
  private static final String TEMPLATE =
      """
      Transform: AWS::Serverless-2016-10-31
      Parameters:
        Greeting: {Type: String, Default: you said}
      Resources:
        Api:
          Type: AWS::Serverless::WebSocketApi
          Properties:
            RouteSelectionExpression: $request.body.action
            StageName: dev
            Routes:
              $default:
                FunctionArn: !GetAtt Echo.Arn
                RouteResponseSelectionExpression: $default
        Reply:
          Type: AWS::ApiGatewayV2::RouteResponse
          Properties: {ApiId: !Ref Api, RouteId: !Ref ApiDefaultRoute, RouteResponseKey: $default}
        Echo:
          Type: AWS::Serverless::Function
          Properties:
            Runtime: java25
            Timeout: 60
            CodeUri: build/echo.zip
            Handler: dev.parley.tool.Echo
            Environment: {Variables: {GREETING: !Ref Greeting}}
      """;

  private static final String TABLE =
      """
        Rows:
          Type: AWS::DynamoDB::Table
          Properties:
            AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
            KeySchema: [{AttributeName: id, KeyType: HASH}]
        Jobs: {Type: AWS::SQS::Queue}
      """;

  private static final List<String> FREE_PORTS = List.of("--port=0", "--xray-port=0");

  @TempDir private Path folder = Path.of("");

  @BeforeEach
  void write() throws IOException {
    Files.writeString(folder.resolve("template.yaml"), TEMPLATE);
    Files.createDirectories(folder.resolve("build"));
    Files.write(folder.resolve("build/echo.zip"), zip(echo()));
  }

  private static byte[] echo() throws IOException {
    try (InputStream code = requireNonNull(Echo.class.getResourceAsStream("Echo.class"))) {
      return code.readAllBytes();
    }
  }

  private static byte[] zip(byte[] echo) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      zip.putNextEntry(new ZipEntry("dev/parley/tool/Echo.class"));
      zip.write(echo);
    }
    return bytes.toByteArray();
  }

  private ToolProcess start(List<String> options, String... arguments) throws IOException {
    return new ToolProcess(
        folder, options, Stream.concat(Stream.of(arguments), FREE_PORTS.stream()).toList());
  }

  /// A Maven repository with nothing in it.
  private String emptyRepository() throws IOException {
    return "-Dmaven.repo.local=" + Files.createDirectories(folder.resolve("repository"));
  }

  private static ToolProcess run(Path folder, String... arguments) throws IOException {
    return new ToolProcess(folder, List.of(), List.of(arguments));
  }

  // ---- A template -----------------------------------------------------------------------------

  @Test
  void aTemplateRunsInOneLineWithoutDynamoDbLocalWhereItHasNoTables() throws Exception {
    try (ToolProcess tool = start(List.of(emptyRepository()), "template.yaml")) {
      URI address = tool.awaitReady();

      assertEquals("you said: hello", ToolProcess.ask(address, "hello"));
      assertEquals("/dev", address.getPath());
      assertEquals(
          List.of("X-Ray", "Traces", "Metrics", "Parley is ready"),
          tool.printed().stream()
              .filter(line -> line.contains("http://"))
              .map(line -> line.replaceFirst(": .*", ""))
              .toList(),
          "each port is printed, and there is none for tables or queues");

      tool.stop();
      assertEquals("Parley has stopped", tool.awaitEnd(143).getLast());
    }
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(
          Set.of("template.yaml", "build", "repository"),
          files.map(file -> file.getFileName().toString()).collect(Collectors.toSet()),
          "it writes nothing beside the template");
    }
  }

  @Test
  void codeIsFoundBesideTheTemplateWhereverTheJarIsStarted() throws Exception {
    Path elsewhere = Files.createDirectories(folder.resolve("else/where"));
    try (ToolProcess tool =
        new ToolProcess(
            elsewhere,
            List.of(),
            List.of(
                "../../template.yaml",
                "--port=0",
                "--xray-port=0",
                "--functions",
                "process",
                "--parameter",
                "Greeting=I heard"))) {
      assertEquals("I heard: hello", ToolProcess.ask(tool.awaitReady(), "hello"));
    }
  }

  @Test
  void tablesAreThereOnceDynamoDbLocalIsFound() throws Exception {
    Files.writeString(folder.resolve("template.yaml"), TEMPLATE + TABLE);
    Path packed = Files.createDirectories(folder.resolve("dynamodb/DynamoDBLocal_lib"));
    for (Path jar : dynamoDbJars()) {
      String name = jar.getFileName().toString();
      Files.copy(
          jar,
          name.startsWith("DynamoDBLocal-")
              ? folder.resolve("dynamodb/DynamoDBLocal.jar")
              : packed.resolve(name));
    }
    try (ToolProcess tool =
        start(List.of(emptyRepository()), "template.yaml", "--dynamodb", "dynamodb")) {
      assertEquals("you said: hello", ToolProcess.ask(tool.awaitReady(), "hello"));
      tool.await(line -> line.startsWith("DynamoDB Local: aws dynamodb list-tables "));
      tool.await(line -> line.startsWith("SQS: aws sqs list-queues "));
      assertEquals(
          List.of(),
          tool.printed().stream()
              .filter(line -> line.contains("WARN"))
              .filter(
                  line -> !line.startsWith("WARNING: ")) // of the JVM, about a library of ElasticMQ
              .toList());
    }
  }

  @Test
  void tablesNeedDynamoDbLocalAndTheRefusalSaysHowToGetIt() throws Exception {
    Files.writeString(folder.resolve("template.yaml"), TEMPLATE + TABLE);
    try (ToolProcess tool = start(List.of(emptyRepository()), "template.yaml")) {
      List<String> printed = tool.awaitEnd(1);

      assertEquals(1, printed.size(), printed.toString());
      String line = printed.getFirst();
      assertTrue(
          line.startsWith(
              "Parley cannot start: Rows needs DynamoDB Local: " + folder.resolve("repository")),
          line);
      assertTrue(
          line.endsWith(
              " is not there: get it with `mvn dependency:get"
                  + " -Dartifact=com.amazonaws:DynamoDBLocal:2.6.1`, or unpack AWS's download and"
                  + " name its folder with --dynamodb=<folder>"),
          line);
    }
  }

  /// What a class path of tests has, as a Maven repository has it.
  private static List<Path> dynamoDbJars() throws IOException {
    Set<String> names;
    try (ZipFile jar = new ZipFile(Path.of("target", "parley-local.jar").toFile());
        InputStream paths = jar.getInputStream(jar.getEntry("META-INF/dynamodb-local"))) {
      names =
          Stream.of(new String(paths.readAllBytes(), UTF_8).strip().split(":", -1))
              .map(path -> Path.of(path).getFileName().toString())
              .collect(Collectors.toSet());
    }
    String classPath =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    List<Path> jars =
        Stream.of(classPath.split(File.pathSeparator, -1))
            .map(Path::of)
            .filter(path -> names.contains(String.valueOf(path.getFileName())))
            .toList();
    assertEquals(names.size(), jars.size(), names + " " + jars);
    return jars;
  }

  // ---- Arguments ------------------------------------------------------------------------------

  @Test
  void theHelpIsPrintedAndNothingStarts() throws Exception {
    try (ToolProcess tool = run(folder, "--help")) {
      List<String> help = tool.awaitEnd(0);

      assertTrue(help.getFirst().startsWith("java -jar parley-local.jar template.yaml [options]"));
      assertTrue(help.size() < 24 && help.stream().allMatch(line -> line.length() <= 80));
    }
    try (ToolProcess tool = run(folder, "--version")) {
      assertEquals(List.of("parley-local 0.1.0"), tool.awaitEnd(0));
    }
  }

  @Test
  void whatIsNoOptionEndsTheStart() throws Exception {
    try (ToolProcess tool = run(folder, "template.yaml", "--prot", "9000")) {
      assertEquals(
          List.of("Parley cannot start: --prot is no option: is it --port?"), tool.awaitEnd(1));
    }
    try (ToolProcess tool =
        new ToolProcess(folder, List.of("-Dparley.prot=1"), List.of("template.yaml"))) {
      assertEquals(
          List.of("Parley cannot start: -Dparley.prot is no option: is it --port?"),
          tool.awaitEnd(1));
    }
    try (ToolProcess tool = run(folder, "nowhere.yaml")) {
      assertEquals(
          List.of("Parley cannot start: nowhere.yaml: there is no such template"),
          tool.awaitEnd(1));
    }
    try (ToolProcess tool = run(folder)) {
      assertEquals(1, tool.awaitEnd(1).size());
    }
  }

  @Test
  void aPortThatIsTakenIsToldAsAnArgument() throws Exception {
    try (ServerSocket taken = new ServerSocket(0);
        ToolProcess tool =
            run(folder, "template.yaml", "--functions=process", "--port=" + taken.getLocalPort())) {
      String line = tool.awaitEnd(1).getLast();

      assertTrue(line.endsWith("choose another with --port=<port> (0 takes a free one)"), line);
    }
  }

  // ---- Watching -------------------------------------------------------------------------------

  @Test
  void codeThatHasChangedRunsAndHalfOfAZipDoesNot() throws Exception {
    Files.writeString(
        folder.resolve("template.yaml"), TEMPLATE.replace("GREETING", "NOT_THE_GREETING"));
    Path zip = folder.resolve("build/echo.zip");
    try (ToolProcess tool = start(List.of(), "template.yaml", "--watch")) {
      URI address = tool.awaitReady();
      assertEquals("you said: hello", ToolProcess.ask(address, "hello"));

      byte[] whole = zip(renamed(echo(), "you said", "new code"));
      Files.write(zip, Arrays.copyOf(whole, whole.length / 2));
      tool.await(line -> line.contains("cannot be taken up"));
      assertEquals("you said: again", ToolProcess.ask(address, "again"));

      Files.write(zip, whole);
      tool.await(line -> line.endsWith("Echo: its code has changed, and runs from now on"));
      assertEquals("new code: hello", ToolProcess.ask(address, "hello"));
      assertFalse(tool.printed().stream().anyMatch(line -> line.contains("ERROR")));

      Files.writeString(folder.resolve("template.yaml"), TEMPLATE + "\n# changed\n");
      tool.await(line -> line.endsWith("has changed: start again to run what it says now"));
    }
  }

  /// A class with another text of the same length, as another compilation would make it.
  private static byte[] renamed(byte[] code, String text, String other) {
    String latin1 = new String(code, ISO_8859_1);
    assertEquals(text.length(), other.length());
    assertTrue(latin1.contains(text));
    return latin1.replace(text, other).getBytes(ISO_8859_1);
  }
}
