package dev.parley.handlers;

import dev.parley.allowance.Price;
import dev.parley.connection.ConnectionTable;
import dev.parley.connection.Memberships;
import dev.parley.platform.Aws;
import dev.parley.platform.Priming;
import dev.parley.platform.Settings;
import dev.parley.role.Errands;
import dev.parley.role.Removals;
import dev.parley.role.Roles;
import dev.parley.room.RoomTable;
import dev.parley.wire.ClientFrame;
import dev.parley.wire.Reply;
import java.time.InstantSource;
import java.util.Map;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// The actions on roles: `createRoom`, `invite`, `leave`, `kick`, `ban`, `unban`, `setRole`. They
/// are rare, and share one function; each has a class of its own.
public final class RoleHandler extends FrameHandler {
  /// By route key.
  private final Map<String, RoleAction> actions;

  public RoleHandler() {
    this(System.getenv(), InstantSource.system());
    Priming.register(RoleHandler.class, RoleHandler::new);
  }

  public RoleHandler(Map<String, String> environment, InstantSource clock) {
    Settings settings = new Settings(environment);
    super(settings, clock);
    DynamoDbClient dynamoDb = dynamoDb();
    RoleAction.Tables tables =
        new RoleAction.Tables(
            new ConnectionTable(dynamoDb, settings),
            new Memberships(dynamoDb, settings),
            new RoomTable(dynamoDb, settings),
            new Roles(dynamoDb, settings),
            new Removals(dynamoDb, settings),
            new Errands(new Aws(settings).sqs(), settings),
            clock);
    this.actions =
        Map.of(
            "createRoom", new CreateRoomAction(tables),
            "invite", new InviteAction(tables),
            "leave", new LeaveAction(tables),
            "kick", new KickAction(tables),
            "ban", new BanAction(tables),
            "unban", new UnbanAction(tables),
            "setRole", new SetRoleAction(tables));
  }

  @Override
  void charge(ClientFrame frame, Caller caller, Toll toll) {
    toll.charge(caller, Price.ROLE);
    if (caller.route().equals("createRoom")) {
      toll.makeRooms(caller, 1);
    }
  }

  @Override
  Reply reply(ClientFrame frame, Caller caller) {
    RoleAction action = actions.get(caller.route());
    if (action == null) {
      throw new IllegalStateException("no action on roles has the route " + caller.route());
    }
    return action.reply(frame, caller);
  }
}
