package dev.parley.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.parley.bench.DenialOfWallet.Attack;
import dev.parley.local.template.Template;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class DenialOfWalletTest {
  private static final Path DOCS = Path.of("docs");

  @Test
  void eachAttackCostsFarLessThanItDid() throws IOException {
    List<Attack> attacks = read(Map.of()).attacks();

    assertTrue(attacks.size() >= 13);
    for (Attack attack : attacks) {
      assertTrue(attack.dollars() > 0, attack.what());
      if (attack.before() > 0) {
        assertTrue(attack.dollarsAfter() * 40 < attack.dollarsBefore(), attack.toString());
      }
      assertTrue(attack.dollarsAfter() < 5, attack.toString());
    }
  }

  @Test
  void whatItCostsFollowsTheParameters() throws IOException {
    for (Map.Entry<String, String> twice :
        Map.of(
                "short messages", "MessageCostMs=25",
                "`ping` with 50 rooms", "ActionCostMs=250",
                "connects, each closed at once", "AddressConnectCostMs=100",
                "connects that are refused", "ConnectsPerSecond=600",
                "new rooms", "AddressRoomCostMs=3000")
            .entrySet()) {
      String[] parameter = twice.getValue().split("=", -1);

      assertEquals(
          2 * hour(read(Map.of()), twice.getKey()),
          hour(read(Map.of(parameter[0], parameter[1])), twice.getKey()),
          1e-9,
          twice.toString());
    }
  }

  /// A connection that gets away with more refusals costs more, and less if it is kept away longer.
  @Test
  void refusalsCostWhatTheyAreLetBe() throws IOException {
    String refused = "frames that are refused, until closed, and again";
    double usual = hour(read(Map.of()), refused);

    assertTrue(hour(read(Map.of("RefusalsMax", "1000")), refused) > 2 * usual);
    assertTrue(hour(read(Map.of("OffenceConnects", "600")), refused) < usual / 9);
  }

  @Test
  void allTheWorldTogetherIsBoundByTheStage() throws IOException {
    double half = read(Map.of("FramesPerSecond", "500", "ConnectsPerSecond", "150")).everything();
    double tenth = read(Map.of("FramesPerSecond", "50", "ConnectsPerSecond", "15")).everything();

    assertEquals(half / 10, tenth, half / 1_000);
  }

  /// Each route alone may take less than the account's quota, and all of them more.
  @Test
  void allTheWorldTogetherIsBoundByTheAccountsQuota() throws IOException {
    double usual = read(Map.of("FramesPerSecond", "1000")).everything();
    double ten = read(Map.of("FramesPerSecond", "10000")).everything();

    assertEquals(usual, ten, usual / 1_000);
  }

  /// The price of a frame is about what it costs: nobody does more harm by one action than by
  /// another. One that is refused for want of a right is cheaper than its price, which is that of
  /// what it would do; and a report takes the time of people.
  @Test
  void pricesAreAboutWhatActionsCost() throws IOException {
    List<Attack> actions =
        read(Map.of()).attacks().stream()
            .filter(attack -> attack.by().equals("a connection"))
            .filter(attack -> attack.before() > 0)
            .filter(attack -> attack.what().startsWith("`") || attack.what().startsWith("unknown"))
            .toList();
    double least = actions.stream().mapToDouble(Attack::dollarsAfter).min().orElseThrow();
    double most = actions.stream().mapToDouble(Attack::dollarsAfter).max().orElseThrow();

    assertTrue(most <= 2 * least, least + " to " + most + ": " + actions);
  }

  private static double hour(DenialOfWallet table, String what) {
    return table.attacks().stream()
        .filter(attack -> attack.what().equals(what))
        .findFirst()
        .orElseThrow()
        .dollarsAfter();
  }

  private static DenialOfWallet read(Map<String, String> parameters) throws IOException {
    JsonMapper json = new JsonMapper();
    JsonNode units = json.readTree(DOCS.resolve("units.json").toFile());
    Usages usages = Usages.read(units);
    Prices prices = new Prices(json.readTree(DOCS.resolve("prices.json").toFile()));
    Template template = Template.read(Cloud.TEMPLATE, parameters);
    return new DenialOfWallet(
        usages,
        prices,
        new Bill(usages, prices, template, units.path("eventBytes").asInt()),
        template);
  }
}
