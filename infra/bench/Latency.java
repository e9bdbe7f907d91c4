import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.util.Arrays;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/// How long a message takes from one socket to another: `java infra/bench/Latency.java [url
/// [count]]` with JDK 25, against a running Parley (`mvn`). The reply to the sender is timed beside
/// it.
///
/// One message at a time, 60 ms and a random part apart, so that they meet the stream's polls at
/// any moment and stay within a sender's allowance.
///
/// Its WebSocket client is its own, so that this file runs without a build or a class path.
public class Latency {
  private static final int WARM_UP = 20;

  public static void main(String[] arguments) throws Exception {
    String url = arguments.length > 0 ? arguments[0] : "ws://localhost:8080/production";
    int count = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 100;
    String room = "latency-" + ProcessHandle.current().pid();
    Client sender = new Client(url + "?name=sender&rooms=" + room);
    Client receiver = new Client(url + "?name=receiver&rooms=" + room);

    double[] replies = new double[count];
    double[] receipts = new double[count];
    for (int i = -WARM_UP; i < count; i++) {
      String text = "message " + i + " of " + count;
      long sent = System.nanoTime();
      sender.socket.sendText(
          "{\"action\":\"sendMessage\",\"room\":\"%s\",\"message\":\"%s\"}".formatted(room, text),
          true);
      double reply = (sender.await("\"type\":\"sent\"") - sent) / 1e6;
      double receipt = (receiver.await("\"" + text + "\"") - sent) / 1e6;
      if (i >= 0) {
        replies[i] = reply;
        receipts[i] = receipt;
      }
      Thread.sleep(60 + (long) (Math.random() * 250));
    }

    print("send to reply", replies);
    print("send to receive", receipts);
    System.exit(0);
  }

  private static void print(String what, double[] ms) {
    Arrays.sort(ms);
    System.out.printf(
        "%-16s %d messages: p50 %.1f ms, p99 %.1f ms, max %.1f ms%n",
        what,
        ms.length,
        ms[ms.length / 2],
        ms[(int) Math.ceil(ms.length * 0.99) - 1],
        ms[ms.length - 1]);
  }

  private record Frame(String text, long at) {}

  private static final class Client implements WebSocket.Listener {
    private final LinkedBlockingQueue<Frame> frames = new LinkedBlockingQueue<>();
    private final StringBuilder text = new StringBuilder();
    private final WebSocket socket;

    Client(String url) {
      socket =
          HttpClient.newHttpClient().newWebSocketBuilder().buildAsync(URI.create(url), this).join();
    }

    /// When the next frame came that contains this.
    long await(String part) throws InterruptedException {
      while (true) {
        Frame frame = frames.poll(10, TimeUnit.SECONDS);
        if (frame == null) {
          throw new IllegalStateException("nothing with " + part + " within 10 s");
        }
        if (frame.text().contains(part)) {
          return frame.at();
        }
      }
    }

    @Override
    public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
      long now = System.nanoTime();
      text.append(data);
      if (last) {
        frames.add(new Frame(text.toString(), now));
        text.setLength(0);
      }
      from.request(1);
      return null;
    }
  }
}
