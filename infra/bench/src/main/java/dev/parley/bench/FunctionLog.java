package dev.parley.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.PrintStream;
import java.util.concurrent.atomic.AtomicLong;

/// Counts what functions log, as it would be in their log group, instead of printing it. Whatever
/// else is printed passes.
final class FunctionLog extends PrintStream {
  /// What every line has that is logged within an invocation.
  private static final String KEY = "\"function_request_id\"";

  private final AtomicLong bytes = new AtomicLong();

  private FunctionLog(PrintStream out) {
    super(out, true, out.charset());
  }

  /// From now on, for all functions of this process. It must come before anything is logged, since
  /// Log4j takes the standard output as it finds it then, and its level from `log4j2-bench.xml`.
  static FunctionLog install() {
    System.setProperty("bench.log", "INFO");
    FunctionLog log = new FunctionLog(System.out);
    System.setOut(log);
    return log;
  }

  /// Log4j writes each line by one call.
  @Override
  public void write(byte[] buffer, int offset, int length) {
    if (new String(buffer, offset, length, UTF_8).contains(KEY)) {
      bytes.addAndGet(length);
    } else {
      super.write(buffer, offset, length);
    }
  }

  long bytes() {
    return bytes.get();
  }
}
