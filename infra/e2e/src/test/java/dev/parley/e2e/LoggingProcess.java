package dev.parley.e2e;

import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/// Logs with what is on its class path.
final class LoggingProcess {
  private LoggingProcess() {}

  public static void main(String[] arguments) {
    MDC.put("function_version", "1");
    MDC.put("room", "kitchen");
    LoggerFactory.getLogger(LoggingProcess.class).info("ours");
    LoggerFactory.getLogger("org.others").info("others say too much");
    LoggerFactory.getLogger("org.others").warn("others");
    LoggerFactory.getLogger(LoggingProcess.class).error("failed", new IllegalStateException("no"));
  }
}
