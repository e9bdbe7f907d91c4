package dev.parley.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.local.gateway.RequestQuota;
import dev.parley.local.lambda.FunctionProcesses.Limits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What can be asked for, by arguments and by properties alike, and what is refused.
class SettingTest {
  private static final Path POM = Path.of("..", "..", "pom.xml");
  private static final Path RUN = Path.of("..", "run", "pom.xml");

  @TempDir private Path folder = Path.of("");

  private static Properties properties(String... namesAndValues) {
    Properties properties = new Properties();
    properties.setProperty("parley.template", "template.yaml");
    for (int i = 0; i < namesAndValues.length; i += 2) {
      properties.setProperty(namesAndValues[i], namesAndValues[i + 1]);
    }
    return properties;
  }

  private static Options options(String... namesAndValues) throws StartException {
    return Settings.options(List.of(), properties(namesAndValues));
  }

  private static Options arguments(String... arguments) throws StartException {
    return Settings.options(List.of(arguments), new Properties());
  }

  private static String refusal(String... namesAndValues) {
    return String.valueOf(
        assertThrows(StartException.class, () -> options(namesAndValues)).getMessage());
  }

  private static String refusalOf(String... arguments) {
    StartException refused =
        assertThrows(
            StartException.class, () -> arguments(arguments), List.of(arguments)::toString);
    return Setting.asArguments(String.valueOf(refused.getMessage()));
  }

  // ---- Names ----------------------------------------------------------------------------------

  @Test
  void anArgumentIsThePropertyOfTheSameName() throws Exception {
    Options asked =
        arguments(
            "template.yaml", "--port", "1", "--dynamodb-port=2", "--sqs-port", "3", "--watch");

    assertEquals(
        asked,
        options(
            "parley.port", "1",
            "parley.dynamodb.port", "2",
            "parley.sqs.port", "3",
            "parley.watch", "true"));
    assertEquals(Path.of("template.yaml"), asked.template());
    assertEquals(1, asked.port());
    assertEquals(2, asked.dynamoDbPort());
    assertEquals(3, asked.sqsPort());
    assertTrue(asked.watch());
  }

  @Test
  void anArgumentCountsBeforeAProperty() throws Exception {
    Properties properties = properties("parley.port", "1", "parley.sampling", "0.5");

    Options asked = Settings.options(List.of("other.yaml", "--port=2"), properties);

    assertEquals(2, asked.port());
    assertEquals(0.5, asked.sampling());
    assertEquals(Path.of("other.yaml"), asked.template());
  }

  @Test
  void whatIsBlankIsNotGiven() throws Exception {
    Options unasked = arguments("template.yaml");

    for (Setting setting : Setting.values()) {
      if (setting != Setting.TEMPLATE) {
        assertEquals(unasked, options(setting.property(), " "), setting.property());
        assertEquals(unasked, arguments("template.yaml", setting.argument() + "="));
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--prot 1 | --prot is no option: is it --port?",
        "--dynamodb.port=1 | --dynamodb.port is no option: is it --dynamodb-port?",
        "--polls-per-secnd 1 | --polls-per-secnd is no option: is it --polls-per-second?",
        "--halp | --halp is no option: is it --help?",
        "--frobnicate | --frobnicate is no option: java -jar parley-local.jar --help lists all of"
            + " them",
        "-p 1 | -p is no option: java -jar parley-local.jar --help lists all of them",
        "--port | --port needs a value: --port <port>",
        "--port --watch | --port needs a value: --port <port>",
        "--parameter | --parameter needs a value: --parameter <Name=Value>",
        "--parameter Stage | --parameter Stage: give Name=Value",
        "--parameter =x | --parameter =x: give Name=Value",
        "--port 1 --port 2 | --port is there twice: 1 and 2",
        "other.yaml | --template is there twice: template.yaml and other.yaml"
      })
  void whatIsNoOptionIsRefusedByName(String arguments, String line) {
    assertEquals(line, refusalOf(("template.yaml " + arguments).split(" ", -1)));
  }

  @Test
  void aPropertyThatIsNoOptionIsRefusedByName() {
    assertEquals(
        "-Dparley.prot is no option: is it -Dparley.port?", refusal("parley.prot", "8080"));
    assertEquals(
        "-Dparley.frobnicate is no option: java -jar parley-local.jar --help lists all of them",
        refusal("parley.frobnicate", ""));
  }

  @Test
  void whatMavenWasToldIsKnownByNameToo() throws Exception {
    String told = " -o -Dparley.port=9000 -Dparley.parameters=A=1 B=-Dparley -q";
    assertEquals(9000, options("maven.arguments", told, "parley.port", "9000").port());

    assertEquals(
        "-Dparley.prot is no option: is it -Dparley.port?",
        refusal("maven.arguments", "-o -Dparley.prot=9000"));
    assertEquals(
        "-Dparley.watsh is no option: is it -Dparley.watch?",
        refusal("maven.arguments", "--define parley.watsh"));
  }

  @Test
  void withoutATemplateThereIsNothingToRun() {
    assertEquals(
        "there is no template: name one, as in java -jar parley-local.jar template.yaml; --help"
            + " lists the options",
        refusalOf());
  }

  @Test
  void aRefusalNamesArgumentsToWhoGaveSome() {
    assertEquals(
        "--data=x is a file: choose another folder with --data=<folder>, not parley.database, nor"
            + " /home/parley.data",
        Setting.asArguments(
            "parley.data=x is a file: choose another folder with -Dparley.data=<folder>, not"
                + " parley.database, nor /home/parley.data"));
    assertEquals(
        "--dynamodb-port=1 and --dynamodb=x",
        Setting.asArguments("parley.dynamodb.port=1 and -Dparley.dynamodb=x"));
  }

  @Test
  void mavenHandsOnEachSettingAndNoOther() throws IOException {
    Set<String> settings =
        Arrays.stream(Setting.values())
            .map(Setting::property)
            .collect(Collectors.toCollection(TreeSet::new));

    assertEquals(settings, found(POM, "(?m)^    <(parley\\.[a-z0-9.]+)(?:/>|>.*)$"));
    assertEquals(settings, found(RUN, "-D(parley\\.[a-z0-9.]+)=\\$\\{\\1}"));
  }

  private static Set<String> found(Path file, String pattern) throws IOException {
    return Pattern.compile(pattern)
        .matcher(Files.readString(file))
        .results()
        .map(hit -> hit.group(1))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  @Test
  void theHelpFitsAScreenAndNamesEachOption() {
    List<String> lines = Settings.help().lines().toList();

    assertTrue(lines.size() < 24, lines.size() + " lines, and one for the prompt");
    assertEquals(List.of(), lines.stream().filter(line -> line.length() > 80).toList());
    for (Setting setting : Setting.values()) {
      String option = setting == Setting.TEMPLATE ? "template.yaml" : setting.argument();
      assertEquals(
          1,
          lines.stream().filter(line -> line.matches("(.* )?" + option + "([ ,].*)?")).count(),
          option);
    }
  }

  // ---- Values ---------------------------------------------------------------------------------

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "parley.port|x| is not a port: give a number from 1 to 65535, or 0 for a free one",
        "parley.dynamodb.port|65536| is not a port: give a number from 1 to 65535, or 0 for a free"
            + " one",
        "parley.sqs.port|-1| is not a port: give a number from 1 to 65535, or 0 for a free one",
        "parley.xray.port|x| is not a port: give a number from 1 to 65535, or 0 for a free one",
        "parley.functions|docker|: give jvm, or process for packages in processes of their own",
        "parley.functions.max|0|: give a whole number of processes from 1 to 16",
        "parley.functions.max|17|: give a whole number of processes from 1 to 16",
        "parley.functions.max|1.5|: give a whole number of processes from 1 to 16",
        "parley.functions.idle|0|: give seconds from 1 to 86400",
        "parley.functions.idle|never|: give seconds from 1 to 86400",
        "parley.watch|yes|: give true or false",
        "parley.sigv4|yes|: give true or false",
        "parley.idle.seconds|0|: give seconds from 0.1 to 600, which is AWS's",
        "parley.idle.seconds|601|: give seconds from 0.1 to 600, which is AWS's",
        "parley.idle.seconds|soon|: give seconds from 0.1 to 600, which is AWS's",
        "parley.connection.seconds|7201|: give seconds from 0.1 to 7200, which is AWS's",
        "parley.parameters|Stage|: give Name=Value Other=\"a value\", separated by spaces",
        "parley.site|nowhere| is no folder: correct or omit it",
        "parley.dynamodb|nowhere| is no folder: correct or omit it",
        "parley.samconfig|nowhere| is no file: correct or omit it",
        "parley.issuer|https://issuer.example|: give local, or nothing; another issuer is told to"
            + " the template by its parameters",
        "parley.polls.per.second|0|: give a number above 0 and up to 1000; AWS polls 4 times",
        "parley.quota|-1|: give a whole number of requests from 0 to 1000000; 0 is no quota",
        "parley.quota|1000001|: give a whole number of requests from 0 to 1000000; 0 is no quota",
        "parley.quota|2.5|: give a whole number of requests from 0 to 1000000; 0 is no quota",
        "parley.quota.bucket|0|: give a whole number of requests from 1 to 1000000",
        "parley.quota.bucket|many|: give a whole number of requests from 1 to 1000000",
      },
      ignoreLeadingAndTrailingWhitespace = false)
  void aValueThatIsNoneIsToldByItsSetting(String name, String value, String expected) {
    assertEquals(name + "=" + value + expected, refusal(name, value));
  }

  @ParameterizedTest
  @ValueSource(strings = {"-0.1", "1.1", "NaN", "10%"})
  void aShareThatIsNoneIsToldByItsSetting(String share) {
    assertEquals(
        "parley.sampling="
            + share
            + ": give the share of invocations that begin a trace, from 0 to 1",
        refusal("parley.sampling", share));
  }

  @Test
  void anInvalidPathIsToldByItsSetting() {
    for (String setting :
        List.of("parley.template", "parley.data", "parley.site", "parley.dynamodb")) {
      assertEquals(
          setting + "=a b is no path: Nul character not allowed", refusal(setting, "a\0b"));
    }
  }

  @Test
  void whatOthersReadIsToldByItsSettingToo() {
    assertTrue(refusal("parley.origins", "x").startsWith("parley.origins=x: `x` is no origin"));
    assertTrue(refusal("parley.faults", "x").startsWith("parley.faults=x: "));
  }

  @Test
  void whatIsNotAskedForIsAsOnAwsAndKeepsNothing() throws Exception {
    Options unasked = options();

    assertEquals(8080, unasked.port());
    assertEquals(0, unasked.dynamoDbPort());
    assertEquals(0, unasked.sqsPort());
    assertNull(unasked.xrayPort());
    assertNull(unasked.data());
    assertNull(unasked.site());
    assertFalse(unasked.inProcesses());
    assertEquals(Limits.USUAL, unasked.limits());
    assertEquals(new RequestQuota(10_000, 5_000), unasked.quota());
    assertEquals(4, unasked.pollsPerSecond());
    assertEquals(Duration.ofMinutes(10), unasked.bounds().idle());
    assertEquals(Duration.ofHours(2), unasked.bounds().connection());
    assertFalse(unasked.sigv4());
    assertEquals(1, unasked.sampling());
    assertFalse(unasked.issuer());
    assertFalse(unasked.watch());
    assertEquals(Map.of(), unasked.parameters());
  }

  @Test
  void eachValueThatIsGivenCounts() throws Exception {
    assertEquals(
        new RequestQuota(2_500, 1_250),
        options("parley.quota", "2500", "parley.quota.bucket", "1250").quota());
    assertEquals(0, options("parley.quota", "0").quota().perSecond());
    assertEquals(Duration.ofMillis(500), options("parley.idle.seconds", "0.5").bounds().idle());
    assertEquals(
        Duration.ofSeconds(60), options("parley.connection.seconds", "60").bounds().connection());
    assertTrue(options("parley.sigv4", "true").sigv4());
    assertEquals(0.25, options("parley.sampling", "0.25").sampling());
    assertEquals(2001, options("parley.xray.port", "2001").xrayPort());
    assertTrue(options("parley.functions", "process").inProcesses());
    // Also of functions that run in processes because they are not in Java.
    assertEquals(
        new Limits(4, Duration.ofMillis(1_500)),
        options("parley.functions.max", "4", "parley.functions.idle", "1.5").limits());
    assertTrue(options("parley.issuer", "local").issuer());
    assertEquals(Path.of("kept"), options("parley.data", "kept").data());
    assertNull(options("parley.data", "memory").data());
    assertEquals(folder, options("parley.site", folder.toString()).site());
    assertEquals(folder, options("parley.dynamodb", folder.toString()).dynamoDb());
  }

  // ---- Parameters -----------------------------------------------------------------------------

  @Test
  void parametersAreGivenOneByOneOrAsSamTakesThem() throws Exception {
    assertEquals(
        Map.of("Stage", "test", "Title", "a b", "Query", "a=b", "Empty", ""),
        arguments(
                "template.yaml",
                "--parameter",
                "Stage=test",
                "--parameter=Title=a b",
                "--parameter",
                "Query=a=b",
                "--parameter",
                "Empty=")
            .parameters());
    assertEquals(
        Map.of("Stage", "test", "Title", "a \"b\" c", "Other", "x y", "Old", "form", "Empty", ""),
        options(
                "parley.parameters",
                "Stage=test Title=\"a \\\"b\\\" c\"  Other='x y'"
                    + " ParameterKey=Old,ParameterValue=form Empty=\"\"")
            .parameters());
  }

  private Path template(String samconfig) throws IOException {
    Files.writeString(folder.resolve("samconfig.toml"), samconfig);
    return folder.resolve("template.yaml");
  }

  private static final String SAMCONFIG =
      """
      version = 0.1
      [default.global.parameters]
      stack_name = "chat"
      parameter_overrides = "Stage=\\"global\\""
      [prod.deploy.parameters]
      parameter_overrides = ["Stage=prod", "Title=\\"a b\\""]
      [prod.global.parameters]
      parameter_overrides = "Stage=other"
      [odd.deploy.parameters]
      parameter_overrides = 7
      """;

  @Test
  void samconfigBesideTheTemplateIsRead() throws Exception {
    String template = template(SAMCONFIG).toString();

    assertEquals(Map.of("Stage", "global"), arguments(template).parameters());
    assertEquals(
        Map.of("Stage", "prod", "Title", "a b"),
        arguments(template, "--config-env", "prod").parameters());
    assertEquals(
        Map.of("Stage", "mine", "Title", "a b"),
        arguments(template, "--config-env=prod", "--parameter", "Stage=mine").parameters());
    assertEquals(Map.of(), arguments(template, "--samconfig", "none").parameters());

    Path other = Files.writeString(folder.resolve("other.toml"), "");
    assertEquals(Map.of(), arguments(template, "--samconfig", other.toString()).parameters());
  }

  @Test
  void samconfigThatCannotBeReadIsRefusedByName() throws Exception {
    Path template = template(SAMCONFIG);
    Path file = folder.resolve("samconfig.toml");

    assertEquals(
        "--config-env=test: " + file + " has no such environment",
        refusalOf(template.toString(), "--config-env=test"));
    assertEquals(
        file + ": odd.deploy.parameters.parameter_overrides: expected a text, or a list of texts",
        refusalOf(template.toString(), "--config-env=odd"));

    Files.writeString(file, "[default.deploy.parameters]\nparameter_overrides = \"Stage\"\n");
    assertEquals(
        file
            + ": default.deploy.parameters.parameter_overrides: give Name=Value Other=\"a value\","
            + " separated by spaces",
        refusalOf(template.toString()));

    Files.writeString(file, "[default\n");
    String notToml = refusalOf(template.toString());
    assertTrue(notToml.startsWith(file + ": not TOML: "), notToml);
    assertTrue(notToml.endsWith(" (line 1)"), notToml);
  }

  @Test
  void anEnvironmentNeedsAFile() {
    assertEquals(
        "--config-env=prod: there is no "
            + folder.resolve("samconfig.toml")
            + ": name one by --samconfig, or leave it out",
        refusalOf(folder.resolve("template.yaml").toString(), "--config-env=prod"));
  }
}
