package dev.parley.local;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Function;

/// A part that takes long to start, and does so while others start.
final class Background<T extends AutoCloseable> {
  private final FutureTask<T> task;
  private final Function<Throwable, StartException> refusal;

  private Background(Callable<T> start, Function<Throwable, StartException> refusal) {
    this.task = new FutureTask<>(start);
    this.refusal = refusal;
  }

  /// @param name what is started
  /// @param refusal makes a line for the user of why it does not start
  static <T extends AutoCloseable> Background<T> start(
      String name, Callable<T> start, Function<Throwable, StartException> refusal) {
    Background<T> part = new Background<>(start, refusal);
    Thread.ofPlatform().daemon().name(name).start(part.task);
    return part;
  }

  /// The part, once it has started.
  T started() throws StartException {
    try {
      return task.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StartException("The start was interrupted", e);
    } catch (ExecutionException e) {
      throw refusal.apply(e.getCause() == null ? e : e.getCause());
    }
  }

  /// Closes the part, also where nobody asked for it yet.
  void close() throws Exception {
    task.get().close();
  }
}
