package dev.parley.bench;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.parley.connection.Identity;
import dev.parley.message.Message;
import dev.parley.room.RoomId;
import dev.parley.wire.Event;
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
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// Sockets that are in one room, on one event loop. Each stamps the arrival of every message whose
/// text is a [#text], and compares its timestamp with the one before; it parses nothing else.
final class Members implements AutoCloseable {
  private static final byte MARK = '~';
  private static final int CONNECTING_MAX = 64;
  private static final int TIMESTAMP_DIGITS = 16;
  private static final byte[] SENT = "{\"type\":\"sent\"".getBytes(US_ASCII);
  private static final byte[] FAILED = "{\"message\":".getBytes(US_ASCII); // the gateway's own
  private static final byte[] ERROR = "{\"type\":\"error\"".getBytes(US_ASCII);

  private final MultiThreadIoEventLoopGroup loop =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final List<Member> members = Collections.synchronizedList(new ArrayList<>());
  private final int timestampAt;

  final AtomicLong frames = new AtomicLong();
  final AtomicLong bytes = new AtomicLong();
  final AtomicLong received = new AtomicLong();
  final AtomicLong duplicates = new AtomicLong();
  final AtomicLong outOfOrder = new AtomicLong();
  final AtomicLong errors = new AtomicLong();
  final AtomicLong acceptedAt = new AtomicLong();
  private volatile int first;
  private volatile int expected;
  private volatile long base;

  private Members(String room) {
    timestampAt = "{\"type\":\"message\",\"room\":\"%s\",\"timestamp\":".formatted(room).length();
  }

  static Members connect(URI url, String room, int count) throws InterruptedException {
    Members members = new Members(room);
    Semaphore connecting = new Semaphore(CONNECTING_MAX);
    for (int i = 0; i < count; i++) {
      connecting.acquire();
      URI own = URI.create(url + "?name=member-" + i + "&rooms=" + room);
      members.open(own, connecting);
    }
    connecting.acquire(CONNECTING_MAX);
    if (members.members.size() != count) {
      throw new IllegalStateException(
          "%d of %d connected".formatted(members.members.size(), count));
    }
    return members;
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
                                    .handshakeTimeoutMillis(30_000)
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

  /// The event of a message whose text is the first that is awaited.
  static byte[] event(RoomId room) {
    return Event.message(
        new Message(
            room,
            1_800_000_000_000_000L,
            "0f8fad5b-d9cb-469f-a165-70867728950e",
            new Identity("guest:00112233445566778899aabbccddeeff", "member-0"),
            text(0),
            null),
        1_799_999_999_999_999L);
  }

  /// From now on, `count` messages from this number on are awaited; others are passed over.
  void expect(int firstNumber, int count) throws InterruptedException {
    first = firstNumber;
    base = System.nanoTime();
    expected = count;
    received.set(0);
    duplicates.set(0);
    outOfOrder.set(0);
    errors.set(0);
    acceptedAt.set(0);
    frames.set(0);
    bytes.set(0);
    loop.submit(() -> members.forEach(member -> member.expect(count))).sync();
  }

  int size() {
    return members.size();
  }

  /// Writes a frame from one of the sockets.
  void send(int member, String frame) {
    var _ = members.get(member).channel().writeAndFlush(new TextWebSocketFrame(frame));
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

  /// When each member received one of the messages awaited, the first being 0, in ascending order,
  /// by `System.nanoTime()`.
  long[] arrivals(int number) {
    return members.stream()
        .mapToLong(member -> member.arrivals[number])
        .filter(at -> at > 0)
        .map(at -> base + at * 1_000)
        .sorted()
        .toArray();
  }

  @Override
  public void close() {
    var _ = loop.submit(() -> members.forEach(Member::closeSocket)).syncUninterruptibly();
    var _ = loop.shutdownGracefully(200, 3_000, TimeUnit.MILLISECONDS).syncUninterruptibly();
  }

  private final class Member extends SimpleChannelInboundHandler<TextWebSocketFrame> {
    private final Semaphore connecting;
    private @Nullable Channel channel;
    private boolean open;
    private long newest;

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

    void expect(int count) {
      arrivals = new int[count];
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
        acceptedAt.set(now);
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
        message((int) number(content, mark + 1, 7) - first, timestamp(content, start), micros);
        start = mark + 12; // ~0000000~"},{
      }
    }

    private long timestamp(ByteBuf content, int start) {
      if (content.getByte(start + timestampAt - 1) != ':') {
        throw new IllegalStateException("unexpected event: " + content.toString(UTF_8));
      }
      return number(content, start + timestampAt, TIMESTAMP_DIGITS);
    }

    private void message(int number, long timestamp, int micros) {
      if (number < 0 || number >= arrivals.length) {
        return; // of a step before
      }
      if (arrivals[number] != 0) {
        duplicates.incrementAndGet();
        return;
      }
      if (timestamp < newest) {
        outOfOrder.incrementAndGet();
      }
      newest = Math.max(newest, timestamp);
      arrivals[number] = micros;
      received.incrementAndGet();
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
