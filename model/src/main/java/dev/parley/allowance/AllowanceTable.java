package dev.parley.allowance;

import static dev.parley.table.Row.s;

import dev.parley.Limits;
import dev.parley.Sha256;
import dev.parley.identity.Address;
import dev.parley.platform.Settings;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// ChatAllowances: how often a user, and a source address, may connect and make rooms. A
/// connection's own allowances end with it, and a guest is whoever they say they are: so what must
/// not begin again with the next connection, or the next name, is charged here.
///
/// A row has no more than a hash of what it is about, and is deleted soon after it is of no use.
/// Nothing is counted that would have to be counted down again: a count of open connections is
/// wrong for ever once a `$disconnect` is lost.
public final class AllowanceTable {
  /// No connection that is closed for its refusals costs more, however many are closed at once.
  private static final Duration OWED_MAX = Duration.ofDays(1);

  private final Allowances allowances;
  private final Rate connects;
  private final Rate addressConnects;
  private final Rate rooms;
  private final Rate addressRooms;
  private final int offenceConnects;

  public AllowanceTable(DynamoDbClient dynamoDb, Settings settings) {
    this.allowances = Allowances.ofTheirOwn(dynamoDb, settings.required("CHAT_ALLOWANCES_TABLE"));
    this.connects = rate(settings, "CONNECT");
    this.addressConnects = rate(settings, "ADDRESS_CONNECT");
    this.rooms = rate(settings, "ROOM");
    this.addressRooms = rate(settings, "ADDRESS_ROOM");
    this.offenceConnects = settings.number("OFFENCE_CONNECTS", 0, 100_000);
  }

  private static Rate rate(Settings settings, String prefix) {
    Duration cost = settings.milliseconds(prefix + "_COST_MS", 1, 3_600_000);
    // One connect can make all the rooms of its address, for more than a day's time.
    Duration dearest = cost.multipliedBy(Limits.ROOMS_IN_ADDRESS_MAX);
    return new Rate(
        cost, settings.milliseconds(prefix + "_BURST_MS", 0, 86_400_000), OWED_MAX.plus(dearest));
  }

  /// Whose allowances these are.
  ///
  /// @param user null for a guest who is another user on each connection
  public record Visitor(@Nullable String user, Address address) {}

  /// Charges a connect.
  ///
  /// @param price 1 or more
  /// @return nothing where it has been charged; else when to try again
  public Optional<Duration> connect(Visitor visitor, int price, Instant now) {
    return charge("connect", visitor, connects, addressConnects, price, now);
  }

  /// Charges new rooms.
  ///
  /// @param count 1 or more
  /// @return as above
  public Optional<Duration> makeRooms(Visitor visitor, int count, Instant now) {
    return charge("room", visitor, rooms, addressRooms, count, now);
  }

  /// Charges a connection that is closed for its refusals: its user and address connect no sooner
  /// for having been closed.
  public void offended(Visitor visitor, Instant now) {
    if (offenceConnects == 0) {
      return;
    }
    for (Account account : accounts("connect", visitor, connects, addressConnects)) {
      Duration cost = account.rate().cost(offenceConnects);
      Duration debt = cost.compareTo(OWED_MAX) > 0 ? OWED_MAX : cost;
      allowances.owe(account.key(), account.rate(), debt, OWED_MAX, now);
    }
  }

  private record Account(Map<String, AttributeValue> key, Rate rate) {}

  private static List<Account> accounts(String what, Visitor visitor, Rate ofUser, Rate ofAddress) {
    List<Account> accounts = new ArrayList<>();
    String user = visitor.user();
    if (user != null) {
      accounts.add(new Account(key(what + " user " + user), ofUser));
    }
    accounts.add(new Account(key(what + " address " + visitor.address().network()), ofAddress));
    return accounts;
  }

  private static Map<String, AttributeValue> key(String owner) {
    return Map.of("id", s(Sha256.hex(owner)));
  }

  private Optional<Duration> charge(
      String what, Visitor visitor, Rate ofUser, Rate ofAddress, int price, Instant now) {
    for (Account account : accounts(what, visitor, ofUser, ofAddress)) {
      if (allowances.charge(account.key(), account.rate(), price, row -> true, now)
          instanceof ChargeResult.Exhausted(Duration retryAfter)) {
        return Optional.of(retryAfter);
      }
    }
    return Optional.empty();
  }
}
