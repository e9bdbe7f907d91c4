package dev.parley.local.gateway;

import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.Base64;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;

/// Makes ids of connections, requests and messages in the form of API Gateway's:
/// `L0SM9cOFvHcCIhw=`.
///
/// They are 11 bytes in URL-safe Base64. Those of one moment share a prefix, so nobody can take
/// them for uniformly distributed. They are never given twice, not even by another run.
final class Ids {
  private static final Pattern FORM = Pattern.compile("[A-Za-z0-9_-]{15}=");

  private final Clock clock;
  private final short run = (short) new SecureRandom().nextInt();
  private final AtomicInteger count = new AtomicInteger(new SecureRandom().nextInt());

  Ids(Clock clock) {
    this.clock = clock;
  }

  String next() {
    // 40 bits of time in eighths of a second: 4,000 years.
    long time = clock.millis() >> 7;
    byte[] bytes =
        ByteBuffer.allocate(11)
            .put((byte) (time >> 32))
            .putInt((int) time)
            .putShort(run)
            .putInt(count.getAndIncrement())
            .array();
    return Base64.getUrlEncoder().encodeToString(bytes);
  }

  static boolean isWellFormed(String id) {
    return FORM.matcher(id).matches();
  }
}
