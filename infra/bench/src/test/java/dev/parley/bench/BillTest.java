package dev.parley.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.parley.client.Attention;
import dev.parley.local.template.Template;
import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class BillTest {
  /// Each action costs one dollar more than the one before; a message of the gateway costs a
  /// dollar, and half of it beyond 1,000.
  private static final JsonNode UNITS =
      json(
          """
          {'actions': [
            {'action': 'ping', 'members': 1, 'usage': {'messages': {'received': 1}}},
            {'action': 'rooms page', 'members': 1, 'usage': {'messages': {'received': 2}}},
            {'action': 'members page', 'members': 10, 'usage': {'messages': {'received': 3}}},
            {'action': 'connect', 'members': 10, 'usage': {'messages': {'pushed': 4}}},
            {'action': 'first page', 'members': 10, 'usage': {'messages': {'received': 5}}},
            {'action': 'disconnect', 'members': 10, 'usage': {'messages': {'pushed': 6}}},
            {'action': 'renewal', 'members': 10, 'usage': {'messages': {'received': 7}}},
            {'action': 'message', 'members': 10,
             'usage': {'messages': {'received': 1, 'pushed': 10}, 'traces': {'F': 1}}}]}\
          """);

  private static final JsonNode PRICES =
      json(
          """
          {'prices': {
            'gateway.message': {'usd': 1, 'per': 1, 'upTo': 1000, 'beyond': 'gateway.message.2'},
            'gateway.message.2': {'usd': 0.5, 'per': 1},
            'gateway.minute': {'usd': 2, 'per': 1}, 'xray.trace': {'usd': 3, 'per': 1},
            'dynamodb.gbMonth': {'usd': 4, 'per': 1}, 'egress.gb': {'usd': 5, 'per': 1},
            'cloudwatch.metric': {'usd': 100, 'per': 1}, 'cloudwatch.alarm': {'usd': 10, 'per': 1},
            'cloudwatch.dashboard': {'usd': 1, 'per': 1}, 'sqs.request': {'usd': 0, 'per': 1},
            'sqs.request.fifo': {'usd': 0, 'per': 1}, 'lambda.request': {'usd': 0, 'per': 1},
            'lambda.gbSecond': {'usd': 0, 'per': 1}, 'dynamodb.write': {'usd': 0, 'per': 1},
            'dynamodb.read': {'usd': 0, 'per': 1}, 'logs.gb': {'usd': 0, 'per': 1}}}\
          """);

  private static Bill bill() {
    Template template = Template.read(Cloud.TEMPLATE, Map.of());
    return new Bill(Usages.read(UNITS), new Prices(PRICES), template, 1_000_000_000);
  }

  private static JsonNode json(String text) {
    try {
      return new JsonMapper().readTree(text.replace('\'', '"'));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /// 10 users in one room: 220 days of a user, in each of which 80 messages are said in the room.
  @Test
  void aMonthIsWhatItsFormulasSay() {
    Bill.Month month = bill().month(10, 10, 10);

    double pings = 220 * (7 * Attention.HIDDEN.pingsAnHour(10) + Attention.IN_USE.pingsAnHour(10));
    double lists = 220 * ((12 + 1) * 2 + 5 * 3);
    double comingAndGoing = 220 * (4 + 5 + 2 * 1 + 6 + 4 * 7);
    double messages = 1_760 * 11;
    double all = pings + lists + comingAndGoing + messages;
    double tier = (1_000 + (all - 1_000) / 2) / all;
    assertEquals(10 * 22 * 8 * 60 * 2, month.connected(), 1e-6);
    assertEquals(pings * tier, month.pings(), 1e-6);
    assertEquals(lists * tier, month.lists(), 1e-6);
    assertEquals(comingAndGoing * tier, month.comingAndGoing(), 1e-6);
    assertEquals(messages * tier + 1_760 * (4 + 10 * 5), month.messages(), 1e-6);
    assertEquals(1_760 * 3, month.traces(), 1e-6);
    // 23 metrics and 35 error codes, and 44 that alarms look at.
    assertEquals((23 + 35) * 100 + 44 * 10 + 1, month.fixed(), 1e-6);
  }

  /// 40,000,000 who come and leave are five pushes each time. In 633,600 s, 400 a second of those
  /// who come can be told, which is enough, and 240 of those who leave, which is not.
  @Test
  void presenceThatIsLetGoIsNotPaidFor() {
    int users = 40_000_000 / 22;
    double untold = 22.0 * users * (5 + 2 * 1 + 4 * 7);

    double told = 5 * 40_000_000 + 240.0 * 22 * 8 * 3_600;
    // Beyond the first 1,000, all of it is at half the price.
    assertEquals((untold + told) / 2, bill().month(users, 10, 0).comingAndGoing(), untold / 1_000);
  }

  @Test
  void anActionThatWasNotMeasuredIsNoZero() {
    Bill bill = bill();

    assertThrows(IllegalStateException.class, () -> bill.month(1_000, 100, 10));
    assertThrows(
        IllegalStateException.class,
        () -> Capacity.costs(Usages.read(UNITS), Template.read(Cloud.TEMPLATE, Map.of())));
  }
}
