package dev.parley.bench;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.parley.connection.Framing;
import dev.parley.identity.Identity;
import dev.parley.message.Message;
import dev.parley.room.RoomId;
import dev.parley.room.Timestamp;
import dev.parley.wire.Event;
import dev.parley.wire.Events;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketClientProtocolConfig;
import io.netty.handler.codec.http.websocketx.WebSocketClientProtocolHandler;
import io.netty.handler.codec.http.websocketx.WebSocketClientProtocolHandler.ClientHandshakeStateEvent;
import java.net.URI;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Thousands of sockets that are in one room; in several, where commas are between their names, and
/// then none of their messages is awaited. Each stamps the arrival of every message whose text is a
/// [#text], and looks at its place in the room's chain; it parses nothing else.
///
/// It is a WebSocket client of its own because all sockets share one event loop and count bytes: a
/// client of the JDK or of `infra/client` for each would cost more CPU than the server under test.
final class Members implements AutoCloseable {
  private static final byte MARK = '~';
  private static final int NUMBER_DIGITS = 7;

  /// From a message's mark to the next event of the same frame: `~0000000~"},{`.
  private static final int MARK_TO_NEXT = NUMBER_DIGITS + 5;

  /// No more instances of a function run at once in the local cloud.
  private static final int CONNECTING_MAX = 16;

  private static final int HANDSHAKE_MAX_MS = 30_000;
  private static final int TIMESTAMP_DIGITS = 16;

  /// From the timestamp to `prev`: `1800000000000000,"prev":`.
  private static final int TIMESTAMP_TO_PREV = TIMESTAMP_DIGITS + 8;

  private static final byte[] SENT = "{\"type\":\"sent\"".getBytes(US_ASCII);
  private static final byte[] FAILED = "{\"message\":".getBytes(US_ASCII); // the gateway's own
  private static final byte[] ERROR = "{\"type\":\"error\"".getBytes(US_ASCII);
  private static final Pattern REF = Pattern.compile("\"ref\":(\\d+)");

  private final MultiThreadIoEventLoopGroup loop =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final List<Member> members = Collections.synchronizedList(new ArrayList<>());
  private final String room;
  private final int timestampAt;
  private volatile boolean closed;

  final AtomicLong frames = new AtomicLong();
  final AtomicLong bytes = new AtomicLong();
  final AtomicLong received = new AtomicLong();
  final AtomicLong duplicates = new AtomicLong();
  final AtomicLong errors = new AtomicLong();

  /// Events whose `prev` their receiver has not received before them.
  final AtomicLong outOfOrder = new AtomicLong();

  /// Events that are older than one that their receiver has: the chain follows the stream, which
  /// concurrent writers enter in another order than that of their timestamps.
  final AtomicLong backInTime = new AtomicLong();

  /// Messages that came after a later one of the same sender. None of these waits for its reply
  /// before the next frame, so the gateway may handle two in either order.
  final AtomicLong outOfSendersOrder = new AtomicLong();

  /// One for the connection itself, one for each membership.
  private int rowsEach;

  private volatile int first;
  private volatile int expected;
  private volatile int senders;
  private volatile long base;
  private volatile AtomicLongArray accepted = new AtomicLongArray(0);

  /// Which number has which timestamp, and of which of those awaited this is known; the event
  /// loop's own.
  private final Map<Long, Integer> numbers = new HashMap<>();

  private boolean[] known = new boolean[0];

  private Members(String room) {
    this.room = room;
    this.rowsEach = 1 + room.split(",", -1).length;
    this.timestampAt =
        "{\"type\":\"message\",\"room\":\"%s\",\"timestamp\":".formatted(room).length();
  }

  /// @param name what the members are called, each with a number behind it
  static Members connect(URI url, String room, String name, int count, Framing framing)
      throws InterruptedException {
    Members members = new Members(room);
    Semaphore connecting = new Semaphore(CONNECTING_MAX);
    for (int i = 0; i < count; i++) {
      acquire(connecting, 1);
      members.open(
          URI.create(
              "%s?batch=%b&name=%s-%d&rooms=%s"
                  .formatted(url, framing == Framing.BATCHED, name, i, room)),
          connecting);
    }
    acquire(connecting, CONNECTING_MAX);
    if (members.members.size() != count) {
      throw new IllegalStateException(
          "%d of %d connected".formatted(members.members.size(), count));
    }
    return members;
  }

  private static void acquire(Semaphore connecting, int permits) throws InterruptedException {
    if (!connecting.tryAcquire(permits, HANDSHAKE_MAX_MS, TimeUnit.MILLISECONDS)) {
      throw new IllegalStateException("the gateway does not answer handshakes");
    }
  }

  private void open(URI url, Semaphore connecting) {
    Member member = new Member(connecting);
    var _ =
        new Bootstrap()
            .group(loop)
            .channel(NioSocketChannel.class)
            .option(ChannelOption.TCP_NODELAY, true)
            .handler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    channel
                        .pipeline()
                        .addLast(new HttpClientCodec())
                        .addLast(new HttpObjectAggregator(64 * 1024))
                        .addLast(
                            new WebSocketClientProtocolHandler(
                                WebSocketClientProtocolConfig.newBuilder()
                                    .webSocketUri(url)
                                    .handshakeTimeoutMillis(HANDSHAKE_MAX_MS)
                                    .build()))
                        .addLast(member);
                  }
                })
            .connect(url.getHost(), url.getPort());
  }

  /// What a message says, for [#expect].
  static String text(int number) {
    return "~%07d~".formatted(number);
  }

  /// The event of a message with this number.
  static byte[] event(RoomId room, int number) {
    Event event =
        Event.message(
            new Message(
                room,
                new Timestamp(1_800_000_000_000_000L),
                "0f8fad5b-d9cb-469f-a165-70867728950e",
                new Identity("guest:00112233445566778899aabbccddeeff", "member-0"),
                text(number),
                null),
            new Timestamp(1_799_999_999_999_999L));
    return Events.of(List.of(event)).frames(Framing.SINGLE).getFirst().json();
  }

  /// From now on, one message is awaited.
  ///
  /// @return its number
  int expectOne() throws InterruptedException {
    return expect(1, 1);
  }

  /// From now on, so many messages are awaited; what comes late of those before is passed over,
  /// since no number is used twice.
  ///
  /// @param takingTurns so many senders send them in turn
  /// @return the first one's number
  int expect(int count, int takingTurns) throws InterruptedException {
    int number = first + expected;
    first = number;
    expected = count;
    senders = takingTurns;
    accepted = new AtomicLongArray(count);
    for (AtomicLong counter :
        List.of(
            received,
            duplicates,
            outOfOrder,
            backInTime,
            outOfSendersOrder,
            errors,
            frames,
            bytes)) {
      counter.set(0);
    }
    loop.submit(
            () -> {
              base = System.nanoTime();
              known = new boolean[count];
              members.forEach(member -> member.expect(count, takingTurns));
            })
        .sync();
    return number;
  }

  int size() {
    return members.size();
  }

  boolean isOpen() {
    return !closed;
  }

  String room() {
    return room;
  }

  /// They are in so many further rooms.
  void entered(int rooms) {
    rowsEach += rooms;
  }

  /// How many rows of connections they have.
  int rows() {
    return size() * rowsEach;
  }

  /// Sends the message of this number from one of the sockets.
  void send(int member, int number) {
    say(member, room, text(number), number);
  }

  /// Sends a message that is not awaited.
  ///
  /// @param text as it stands in JSON
  void say(int member, String to, String text) {
    say(member, to, text, -1);
  }

  private void say(int member, String to, String text, int ref) {
    var _ =
        members
            .get(member)
            .channel()
            .writeAndFlush(
                new TextWebSocketFrame(
                    "{\"action\":\"sendMessage\",\"room\":\"%s\",\"message\":\"%s\",\"ref\":%d}"
                        .formatted(to, text, ref)));
  }

  /// From now on nobody here reads.
  void stopReading() throws InterruptedException {
    loop.submit(() -> members.forEach(member -> member.channel().config().setAutoRead(false)))
        .sync();
  }

  /// @return whether all have everything
  boolean await(long timeoutMs) throws InterruptedException {
    long all = (long) expected * size();
    long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
    while (received.get() < all && System.nanoTime() < until) {
      Thread.sleep(5);
    }
    return received.get() >= all;
  }

  /// Waits until nobody has received anything for a while.
  void quiet(long ms) throws InterruptedException {
    long seen;
    do {
      seen = frames.get();
      Thread.sleep(ms);
    } while (frames.get() != seen);
  }

  /// When the sender of one of the messages awaited, the first being 0, read that it was accepted,
  /// by `System.nanoTime()`; 0 where it did not.
  long acceptedAt(int index) {
    return accepted.get(index);
  }

  /// When each member received one of the messages awaited, the first being 0, in ascending order,
  /// by `System.nanoTime()`.
  long[] arrivals(int index) {
    return members.stream()
        .mapToLong(member -> member.arrivals[index])
        .filter(at -> at > 0)
        .map(at -> base + at * 1_000)
        .sorted()
        .toArray();
  }

  /// Closes the sockets; what was received can still be asked for.
  void leave() {
    if (!closed) {
      closed = true;
      var _ = loop.submit(() -> members.forEach(Member::closeSocket)).syncUninterruptibly();
    }
  }

  @Override
  public void close() {
    leave();
    var _ = loop.shutdownGracefully(200, 3_000, TimeUnit.MILLISECONDS).syncUninterruptibly();
  }

  private final class Member extends SimpleChannelInboundHandler<TextWebSocketFrame> {
    private final Semaphore connecting;
    private @Nullable Channel channel;
    private boolean open;

    /// The timestamps of the message that came last, and of the newest.
    private long last;

    private long newest;

    /// Of each sender, the highest number.
    private int[] highest = new int[0];

    /// Microseconds behind the base, and 0 for what has not come.
    private int[] arrivals = new int[0];

    Member(Semaphore connecting) {
      this.connecting = connecting;
    }

    Channel channel() {
      return Objects.requireNonNull(channel);
    }

    void closeSocket() {
      var _ = channel().close();
    }

    void expect(int count, int senders) {
      arrivals = new int[count];
      highest = new int[senders];
      newest = 0;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event == ClientHandshakeStateEvent.HANDSHAKE_COMPLETE) {
        channel = ctx.channel();
        open = true;
        members.add(this);
        connecting.release();
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      if (!open) {
        connecting.release();
      }
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, TextWebSocketFrame frame) {
      long now = System.nanoTime();
      ByteBuf content = frame.content();
      frames.incrementAndGet();
      bytes.addAndGet(content.readableBytes());
      if (starts(content, SENT)) {
        accepted(content, now);
        return;
      }
      if (starts(content, ERROR) || starts(content, FAILED)) {
        System.err.println("error frame: " + content.toString(UTF_8));
        errors.incrementAndGet();
        return;
      }
      int micros = (int) Math.max(1, (now - base) / 1_000);
      int start = content.readerIndex() + (content.getByte(content.readerIndex()) == '[' ? 1 : 0);
      int end = content.writerIndex();
      int mark;
      while ((mark = ByteBufUtil.indexOf(content, start, end, MARK)) >= 0) {
        int at = start + timestampAt;
        if (content.getByte(at - 1) != ':' || content.getByte(at + TIMESTAMP_TO_PREV - 1) != ':') {
          throw new IllegalStateException("unexpected event: " + content.toString(UTF_8));
        }
        message(
            (int) number(content, mark + 1, NUMBER_DIGITS),
            number(content, at, TIMESTAMP_DIGITS),
            content.getByte(at + TIMESTAMP_TO_PREV) == 'n' // null
                ? 0
                : number(content, at + TIMESTAMP_TO_PREV, TIMESTAMP_DIGITS),
            micros);
        start = mark + MARK_TO_NEXT;
      }
    }

    private void accepted(ByteBuf reply, long now) {
      Matcher ref = REF.matcher(reply.toString(UTF_8));
      int index = ref.find() ? Integer.parseInt(ref.group(1)) - first : -1;
      if (index >= 0 && index < accepted.length()) {
        accepted.set(index, now);
      }
    }

    private void message(int number, long timestamp, long prev, int micros) {
      boolean inOrder = prev == last || prev == 0 || hasReceived(prev);
      last = timestamp;
      int index = number - first;
      if (index < 0 || index >= arrivals.length) {
        return; // of a step before
      }
      if (arrivals[index] != 0) {
        duplicates.incrementAndGet();
        return;
      }
      if (!known[index]) {
        known[index] = true;
        numbers.put(timestamp, number);
      }
      if (!inOrder) {
        outOfOrder.incrementAndGet();
      }
      if (timestamp < newest) {
        backInTime.incrementAndGet();
      }
      int sender = number % senders;
      if (number < highest[sender]) {
        outOfSendersOrder.incrementAndGet();
      }
      newest = Math.max(newest, timestamp);
      highest[sender] = Math.max(highest[sender], number);
      arrivals[index] = micros;
      received.incrementAndGet();
    }

    /// Messages of steps before are taken for received.
    private boolean hasReceived(long timestamp) {
      Integer number = numbers.get(timestamp);
      return number != null && (number < first || arrivals[number - first] != 0);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      System.err.println("a member failed: " + cause);
      errors.incrementAndGet();
    }
  }

  private static boolean starts(ByteBuf content, byte[] with) {
    if (content.readableBytes() < with.length) {
      return false;
    }
    byte[] head = new byte[with.length];
    content.getBytes(content.readerIndex(), head);
    return Arrays.equals(head, with);
  }

  private static long number(ByteBuf content, int from, int digits) {
    long number = 0;
    for (int i = from; i < from + digits; i++) {
      number = number * 10 + (content.getByte(i) - '0');
    }
    return number;
  }
}
