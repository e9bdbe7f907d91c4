package dev.parley.local;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.slf4j.ILoggerFactory;
import org.slf4j.IMarkerFactory;
import org.slf4j.Marker;
import org.slf4j.event.Level;
import org.slf4j.helpers.BasicMarkerFactory;
import org.slf4j.helpers.LegacyAbstractLogger;
import org.slf4j.helpers.MessageFormatter;
import org.slf4j.helpers.NOPMDCAdapter;
import org.slf4j.spi.MDCAdapter;
import org.slf4j.spi.SLF4JServiceProvider;

/// Where the log of this module's tests goes: to whoever listens, and else nowhere.
public final class Logs implements SLF4JServiceProvider {
  private static final List<Listening> LISTENING = new CopyOnWriteArrayList<>();

  /// The lines of all threads from now on, each with its level before it.
  public static final class Listening implements AutoCloseable {
    private final List<String> lines = new CopyOnWriteArrayList<>();

    private Listening() {}

    public List<String> lines(Level level) {
      return lines.stream().filter(line -> line.startsWith(level + " ")).toList();
    }

    @Override
    public void close() {
      LISTENING.remove(this);
    }
  }

  public static Listening listen() {
    Listening listening = new Listening();
    LISTENING.add(listening);
    return listening;
  }

  private static final class Lines extends LegacyAbstractLogger {
    Lines(String name) {
      this.name = name;
    }

    @Override
    protected @Nullable String getFullyQualifiedCallerName() {
      return null;
    }

    @Override
    protected void handleNormalizedLoggingCall(
        Level level,
        @Nullable Marker marker,
        String message,
        Object @Nullable [] arguments,
        @Nullable Throwable thrown) {
      String line =
          "%s %s: %s".formatted(level, name, MessageFormatter.basicArrayFormat(message, arguments));
      LISTENING.forEach(listening -> listening.lines.add(thrown == null ? line : line + thrown));
    }

    @Override
    public boolean isTraceEnabled() {
      return false;
    }

    @Override
    public boolean isDebugEnabled() {
      return false;
    }

    @Override
    public boolean isInfoEnabled() {
      return true;
    }

    @Override
    public boolean isWarnEnabled() {
      return true;
    }

    @Override
    public boolean isErrorEnabled() {
      return true;
    }
  }

  @Override
  public ILoggerFactory getLoggerFactory() {
    return Lines::new;
  }

  @Override
  public IMarkerFactory getMarkerFactory() {
    return new BasicMarkerFactory();
  }

  @Override
  public MDCAdapter getMDCAdapter() {
    return new NOPMDCAdapter();
  }

  @Override
  public String getRequestedApiVersion() {
    return "2.0";
  }

  @Override
  public void initialize() {}
}
