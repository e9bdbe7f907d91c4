package dev.parley.local.gateway;

import dev.parley.local.faults.Fault;
import dev.parley.local.faults.Faults;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// The network between the gateway and its clients, where faults are asked for: single sockets are
/// cut, and the whole network is gone or frozen for a while.
///
/// Safe for use by many threads.
final class Network {
  private final Faults faults;
  private final Map<Link, ChannelHandlerContext> links = new ConcurrentHashMap<>();
  private volatile long downUntilNanos = System.nanoTime();

  Network(Faults faults) {
    this.faults = faults;
    faults.onStop(() -> forAll(Link::thaw));
  }

  static boolean isNeeded(Faults faults) {
    return faults
        .plan()
        .hasAny(
            Fault.SOCKET_CUT_IN, Fault.SOCKET_CUT_OUT, Fault.NETWORK_GONE, Fault.NETWORK_FROZEN);
  }

  /// Whether the network is gone or frozen now.
  boolean isDown() {
    return !faults.isStopped() && System.nanoTime() - downUntilNanos < 0;
  }

  private synchronized void goDown(int millis) {
    long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    if (until - downUntilNanos > 0) {
      downUntilNanos = until;
    }
  }

  /// On each link's own event loop; on this one at once.
  private void forAll(Consumer<Link> action) {
    links.forEach(
        (link, ctx) -> {
          if (ctx.executor().inEventLoop()) {
            action.accept(link);
          } else {
            ctx.executor().execute(() -> action.accept(link));
          }
        });
  }

  /// One client's socket, to be put before what handles its frames. Used by its event loop only.
  final class Link extends ChannelDuplexHandler {
    private final Deque<WebSocketFrame> heldIn = new ArrayDeque<>();
    private final Deque<HeldOut> heldOut = new ArrayDeque<>();
    private boolean frozen;

    /// Whether it was read from when it froze.
    private boolean reading;

    private record HeldOut(WebSocketFrame frame, ChannelPromise promise) {}

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
      links.put(this, ctx);
      if (isDown()) {
        var _ = ctx.channel().close(); // its handshake was under way
      }
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
      links.remove(this);
      heldIn.forEach(WebSocketFrame::release);
      heldIn.clear();
      heldOut.forEach(Link::lose);
      heldOut.clear();
    }

    private static void lose(HeldOut held) {
      held.frame().release();
      held.promise().tryFailure(new ClosedChannelException());
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      if (!(message instanceof WebSocketFrame frame)) {
        ctx.fireChannelRead(message);
      } else if (!survives(ctx, Fault.SOCKET_CUT_IN)) {
        frame.release();
      } else if (frozen) {
        heldIn.add(frame);
      } else {
        ctx.fireChannelRead(frame);
      }
    }

    @Override
    public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
      if (!(message instanceof WebSocketFrame frame)) {
        var _ = ctx.write(message, promise);
      } else if (!survives(ctx, Fault.SOCKET_CUT_OUT)) {
        lose(new HeldOut(frame, promise));
      } else if (frozen) {
        heldOut.add(new HeldOut(frame, promise));
      } else {
        var _ = ctx.write(frame, promise);
      }
    }

    /// Decides what happens at a frame.
    ///
    /// @return whether the socket is still open
    private boolean survives(ChannelHandlerContext ctx, Fault cut) {
      if (!frozen && ctx.channel().isActive()) {
        Faults.Occurrence gone = faults.next(Fault.NETWORK_GONE);
        if (gone != null) {
          goDown(gone.millis());
          boolean reset = gone.random().nextBoolean();
          forAll(link -> link.cut(reset));
        }
        Faults.Occurrence freeze = faults.next(Fault.NETWORK_FROZEN);
        if (freeze != null) {
          goDown(freeze.millis());
          forAll(Link::freeze);
          var _ =
              ctx.executor()
                  .schedule(() -> forAll(Link::thaw), freeze.millis(), TimeUnit.MILLISECONDS);
        }
        Faults.Occurrence alone = faults.next(cut);
        if (alone != null) {
          cut(alone.random().nextBoolean());
        }
      }
      return ctx.channel().isActive();
    }

    /// Without a close frame.
    private void cut(boolean reset) {
      ChannelHandlerContext ctx = links.get(this);
      if (ctx != null) {
        if (reset) {
          ctx.channel().config().setOption(ChannelOption.SO_LINGER, 0);
        }
        var _ = ctx.channel().close();
      }
    }

    private void freeze() {
      ChannelHandlerContext ctx = links.get(this);
      if (frozen || !isDown() || ctx == null) {
        return; // it may be over by now
      }
      frozen = true;
      reading = ctx.channel().config().isAutoRead();
      ctx.channel().config().setAutoRead(false);
    }

    private void thaw() {
      ChannelHandlerContext ctx = links.get(this);
      if (!frozen || isDown() || ctx == null) {
        return;
      }
      frozen = false;
      if (reading) {
        ctx.channel().config().setAutoRead(true);
      }
      // What comes of the first ones may freeze it again.
      while (!frozen && !heldIn.isEmpty()) {
        ctx.fireChannelRead(heldIn.removeFirst());
      }
      while (!frozen && !heldOut.isEmpty()) {
        HeldOut held = heldOut.removeFirst();
        var _ = ctx.write(held.frame(), held.promise());
      }
      ctx.flush();
    }
  }
}
