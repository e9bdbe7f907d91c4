package dev.parley.local;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// What a user has asked for, by arguments (`template.yaml --port 9000`) and by properties
/// (`-Dparley.port=9000`), of which the arguments count first.
///
/// Each is known by name: what is misspelt is refused, also what Maven was told.
final class Settings {
  private static final String USAGE = "java -jar parley-local.jar template.yaml";
  static final String HELP = "--help";
  static final String VERSION = "--version";

  /// Each names one value of a parameter as it is: `--parameter Title=a b`.
  private static final String PARAMETER = "--parameter";

  /// What Maven was told, as its launcher tells it to programs that it starts. Quotes are lost in
  /// it, so it says names only.
  private static final String MAVEN_ARGUMENTS = "maven.arguments";

  private static final Pattern GIVEN_TO_MAVEN =
      Pattern.compile("(?:^|\\s)-(?:D|-define[ =])parley\\.([^=\\s]*)");

  private static final int PORT = 8080;

  private final Map<Setting, String> given = new EnumMap<>(Setting.class);
  private final Map<String, String> parameters = new LinkedHashMap<>();

  private Settings() {}

  /// The options that arguments and properties ask for.
  ///
  /// @throws StartException with a line for the user
  static Options options(List<String> arguments, Properties properties) throws StartException {
    Settings settings = new Settings();
    settings.readProperties(properties);
    settings.readArguments(arguments);
    return settings.options();
  }

  /// The screen that `--help` shows: 80 columns, and a line less than the 24 of a terminal.
  static String help() {
    StringBuilder help =
        new StringBuilder(
            "java -jar parley-local.jar template.yaml [options], or --help, or --version\n");
    Setting[] all = Setting.values();
    for (int i = 0; i < all.length; i++) {
      Setting setting = all[i];
      if (setting == Setting.TEMPLATE || setting.isToldBefore()) {
        continue;
      }
      boolean two = i + 1 < all.length && all[i + 1].isToldBefore();
      help.append(
          line(
              two ? setting.usage() + ", " + all[i + 1].usage() : setting.usage(),
              setting.meaning()));
      if (setting == Setting.PARAMETERS) {
        help.append(line(PARAMETER + " <Name=Value>", "one of them; as often as there are"));
      }
    }
    return help.toString();
  }

  private static String line(String usage, String meaning) {
    return "  %-26s %s%n".formatted(usage, meaning);
  }

  // ---- Properties -----------------------------------------------------------------------------

  private void readProperties(Properties properties) throws StartException {
    for (Setting setting : Setting.values()) {
      String value = properties.getProperty(setting.property(), "");
      if (!value.isBlank()) {
        given.put(setting, value);
      }
    }
    TreeSet<String> names = new TreeSet<>(properties.stringPropertyNames());
    names.removeIf(name -> !name.startsWith(Setting.PREFIX));
    GIVEN_TO_MAVEN
        .matcher(properties.getProperty(MAVEN_ARGUMENTS, ""))
        .results()
        .forEach(name -> names.add(Setting.PREFIX + name.group(1)));
    for (String name : names) {
      if (properties().noneMatch(name::equals)) {
        throw unknown("-D" + name, properties().map(known -> "-D" + known));
      }
    }
  }

  private static Stream<String> properties() {
    return Arrays.stream(Setting.values()).map(Setting::property);
  }

  private static StartException unknown(String name, Stream<String> known) {
    String nearest = Setting.nearest(name, known);
    return new StartException(
        "%s is no option: %s"
            .formatted(
                name,
                nearest == null
                    ? "java -jar parley-local.jar --help lists all of them"
                    : "is it " + nearest + "?"));
  }

  // ---- Arguments ------------------------------------------------------------------------------

  private void readArguments(List<String> arguments) throws StartException {
    Map<Setting, String> read = new EnumMap<>(Setting.class);
    for (int i = 0; i < arguments.size(); i++) {
      String argument = arguments.get(i);
      if (!argument.startsWith("-")) {
        once(read, Setting.TEMPLATE, argument);
        continue;
      }
      int equals = argument.indexOf('=');
      String name = equals < 0 ? argument : argument.substring(0, equals);
      Setting setting =
          Arrays.stream(Setting.values())
              .filter(known -> known.argument().equals(name))
              .findFirst()
              .orElse(null);
      if (setting == null && !name.equals(PARAMETER)) {
        throw unknown(name, names());
      }
      String value;
      if (equals >= 0) {
        value = argument.substring(equals + 1);
      } else if (setting != null && setting.isSwitch()) {
        value = "true";
      } else if (i + 1 < arguments.size() && !arguments.get(i + 1).startsWith("--")) {
        value = arguments.get(++i);
      } else {
        throw new StartException(
            "%s needs a value: %s"
                .formatted(name, setting == null ? name + " <Name=Value>" : setting.usage()));
      }
      if (setting == null) {
        parameter(value);
      } else {
        once(read, setting, value);
      }
    }
    read.forEach(
        (setting, value) -> {
          if (value.isBlank()) {
            given.remove(setting);
          } else {
            given.put(setting, value);
          }
        });
  }

  private static Stream<String> names() {
    return Stream.concat(
        Arrays.stream(Setting.values()).map(Setting::argument),
        Stream.of(PARAMETER, HELP, VERSION));
  }

  private static void once(Map<Setting, String> read, Setting setting, String value)
      throws StartException {
    String earlier = read.put(setting, value);
    if (earlier != null) {
      throw new StartException(
          "%s is there twice: %s and %s".formatted(setting.argument(), earlier, value));
    }
  }

  private void parameter(String value) throws StartException {
    int equals = value.indexOf('=');
    if (equals < 1) {
      throw new StartException("%s %s: give Name=Value".formatted(PARAMETER, value));
    }
    parameters.put(value.substring(0, equals), value.substring(equals + 1));
  }

  // ---- Options --------------------------------------------------------------------------------

  private Options options() throws StartException {
    Options options = Options.inMemory(Path.of("")).withPort(PORT).withXrayPort(null);
    for (Map.Entry<Setting, String> each : given.entrySet()) {
      options = each.getKey().apply(options, each.getValue());
    }
    if (!given.containsKey(Setting.TEMPLATE)) {
      throw new StartException(
          "there is no template: name one, as in %s; %s lists the options".formatted(USAGE, HELP));
    }
    Map<String, String> all = new LinkedHashMap<>();
    all.putAll(
        SamConfig.read(
            options.template(), given.get(Setting.SAMCONFIG), given.get(Setting.CONFIG_ENV)));
    all.putAll(options.parameters());
    all.putAll(parameters);
    return options.withParameters(all);
  }
}
