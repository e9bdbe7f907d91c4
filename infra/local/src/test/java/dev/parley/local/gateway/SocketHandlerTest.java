package dev.parley.local.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.local.faults.Faults;
import dev.parley.local.metrics.MetricStore;
import dev.parley.local.template.WebSocketApi;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelConfig;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PongWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketDecoderConfig;
import java.lang.reflect.Proxy;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class SocketHandlerTest {
  private static final WebSocketDecoderConfig DECODER = WebSocketDecoderConfig.newBuilder().build();

  private final Queue<Runnable> work = new ArrayDeque<>();

  /// A channel on which a message is done in the very moment in which reading is about to stop.
  private final class Racing extends EmbeddedChannel {
    @Override
    public ChannelConfig config() {
      ChannelConfig config = super.config();
      return (ChannelConfig)
          Proxy.newProxyInstance(
              ChannelConfig.class.getClassLoader(),
              new Class<?>[] {ChannelConfig.class},
              (_, method, arguments) -> {
                if (method.getName().equals("setAutoRead") && arguments[0].equals(false)) {
                  Runnable done = work.poll();
                  if (done != null) {
                    done.run();
                  }
                }
                return method.invoke(config, arguments);
              });
    }
  }

  @Test
  void aMessageThatIsDoneWhileReadingStopsDoesNotStopItForGood() {
    EmbeddedChannel channel = new Racing();
    open(channel);

    for (int i = 0; i < SocketHandler.MESSAGES_IN_WORK_MAX; i++) {
      channel.writeInbound(new TextWebSocketFrame("m"));
    }
    channel.runPendingTasks();

    assertEquals(SocketHandler.MESSAGES_IN_WORK_MAX - 1, work.size());
    assertTrue(channel.config().isAutoRead());
    channel.finishAndReleaseAll();
  }

  @Test
  void aClientIsNotReadFromWhileAllItMayHaveIsInWork() {
    EmbeddedChannel channel = new EmbeddedChannel();
    open(channel);

    for (int i = 0; i < SocketHandler.MESSAGES_IN_WORK_MAX; i++) {
      channel.writeInbound(new TextWebSocketFrame("m"));
    }
    assertFalse(channel.config().isAutoRead());
    work.remove().run();
    channel.runPendingTasks();

    assertTrue(channel.config().isAutoRead());
    channel.finishAndReleaseAll();
  }

  @Test
  void ofTheFramesOfOneReadNoMoreAreInWorkThanMayBe() {
    EmbeddedChannel channel = new EmbeddedChannel(new Intake(), Intake.frameDecoder(DECODER));
    open(channel);
    ByteBuf read = Unpooled.buffer();
    int frames = 3 * SocketHandler.MESSAGES_IN_WORK_MAX;
    for (int i = 0; i < frames; i++) {
      read.writeShort(0x8181).writeInt(0).writeByte('m');
    }

    channel.writeInbound(read);
    channel.runPendingTasks();

    int done = 0;
    while (!work.isEmpty()) {
      assertTrue(work.size() <= SocketHandler.MESSAGES_IN_WORK_MAX, work.size() + " in work");
      work.remove().run();
      channel.runPendingTasks();
      done++;
    }
    assertEquals(frames, done);
    channel.finishAndReleaseAll();
  }

  @Test
  void oneOfTheLargestMessagesIsAllThatMayBeInWork() {
    EmbeddedChannel channel = new EmbeddedChannel();
    open(channel);

    channel.writeInbound(new TextWebSocketFrame("m".repeat(Quotas.MESSAGE_BYTES_MAX)));
    assertFalse(channel.config().isAutoRead());
    work.remove().run();
    channel.runPendingTasks();

    assertTrue(channel.config().isAutoRead());
    channel.finishAndReleaseAll();
  }

  @Test
  void messagesInEitherDirectionPutOffTheIdleTimerAndPingsDoNot() {
    EmbeddedChannel channel = new EmbeddedChannel();
    channel.freezeTime();
    Connection connection = open(channel);

    pass(channel, almostIdle());
    channel.writeInbound(new TextWebSocketFrame("from the client"));
    pass(channel, almostIdle());
    assertTrue(connection.send("to the client"));
    pass(channel, almostIdle());
    channel.writeInbound(new PingWebSocketFrame());
    assertTrue(connection.isOpen());
    pass(channel, Duration.ofSeconds(1));

    assertFalse(connection.isOpen());
    assertInstanceOf(TextWebSocketFrame.class, channel.readOutbound()).release();
    assertInstanceOf(PongWebSocketFrame.class, channel.readOutbound()).release();
    CloseWebSocketFrame close = channel.readOutbound();
    assertEquals(1001, close.statusCode());
    close.release();
    channel.finishAndReleaseAll();
  }

  private static Duration almostIdle() {
    return Bounds.ofThisMachine().idle().minusSeconds(1);
  }

  private static void pass(EmbeddedChannel channel, Duration time) {
    channel.advanceTimeBy(time.toNanos(), TimeUnit.NANOSECONDS);
    channel.runPendingTasks(); // what was handed in, then what is due
    channel.runPendingTasks(); // what that handed in
  }

  private Connection open(EmbeddedChannel channel) {
    WebSocketApi api =
        new WebSocketApi(
            "Api", "local", "test", "$request.body.action", Map.of(), null, List.of(), Map.of());
    Endpoint endpoint =
        new Endpoint(
            api,
            Map.of(),
            Clock.systemUTC(),
            work::add,
            new Throttle(RequestQuota.OF_AWS),
            Faults.none(),
            1,
            ConnectionJournal.inMemory(),
            new MetricStore());
    Caller caller = new Caller(endpoint.nextId(), "gateway.test", "127.0.0.1", null);
    Connection connection =
        endpoint.open(caller, new Endpoint.Admission.Admitted(Instant.now(), null, null), channel);
    channel
        .pipeline()
        .addLast(new SocketHandler(endpoint, connection, work::add, Bounds.ofThisMachine()));
    return connection;
  }
}
