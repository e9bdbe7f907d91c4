package dev.parley.local.faults;

import java.util.EnumMap;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The faults of one run: decides when one happens, and counts.
///
/// The n-th decision of a kind follows from the plan's seed, the kind and n alone, whatever threads
/// do and whatever other kinds there are. Which frame, call or batch is the n-th depends on
/// threads.
///
/// Safe for use by many threads.
public final class Faults {
  private static final Logger LOG = LoggerFactory.getLogger(Faults.class);

  /// Any odd number other than [SplittableRandom]'s own step.
  private static final long STEP = 0xd1342543de82ef95L;

  private final FaultPlan plan;
  private final Map<Fault, Counts> counts = new EnumMap<>(Fault.class);
  private final CompletableFuture<@Nullable Void> stop = new CompletableFuture<>();
  private final AtomicInteger pending = new AtomicInteger();
  private volatile Set<String> throttled = Set.of();

  private record Counts(FaultPlan.Rule rule, AtomicLong decisions, AtomicLong injected) {}

  /// A fault that happens now.
  ///
  /// @param micros how long it takes; 0 for kinds that take no time
  /// @param random for whatever else there is to choose
  public record Occurrence(long micros, RandomGenerator random) {
    public int millis() {
      return (int) TimeUnit.MICROSECONDS.toMillis(micros);
    }
  }

  public Faults(FaultPlan plan) {
    this.plan = plan;
    plan.rules()
        .forEach(
            (fault, rule) ->
                counts.put(fault, new Counts(rule, new AtomicLong(), new AtomicLong())));
  }

  /// A run without faults.
  public static Faults none() {
    return new Faults(FaultPlan.NONE);
  }

  /// What was asked for, with its seed.
  public FaultPlan plan() {
    return plan;
  }

  /// The next decision of a kind.
  ///
  /// @return null where it does not happen
  public @Nullable Occurrence next(Fault fault) {
    Counts of = counts.get(fault);
    if (of == null || isStopped()) {
      return null;
    }
    long n = of.decisions().getAndIncrement();
    RandomGenerator random =
        new SplittableRandom(plan.seed() + ((long) fault.key().hashCode() << 32) + n * STEP);
    if (random.nextDouble() >= of.rule().probability()) {
      return null;
    }
    of.injected().incrementAndGet();
    LOG.debug("{}, decision {}", fault, n);
    FaultPlan.Length length = of.rule().length();
    return new Occurrence(length == null ? 0 : length.micros(random), random);
  }

  /// Whether a fault happens that takes no time: the next decision of its kind.
  public boolean happens(Fault fault) {
    return next(fault) != null;
  }

  /// The next decision of a kind that takes time: waits so long, but not beyond [#stop].
  public void delay(Fault fault) throws InterruptedException {
    Occurrence delay = next(fault);
    if (delay != null) {
      pause(TimeUnit.MICROSECONDS.toNanos(delay.micros()));
    }
  }

  /// Waits, but not beyond [#stop].
  public void pause(long nanos) throws InterruptedException {
    try {
      stop.get(nanos, TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      // It is over.
    } catch (ExecutionException e) {
      throw new AssertionError(e);
    }
  }

  /// Has an effect that much later, on a thread of its own: at [#stop] at the latest.
  public void later(Occurrence occurrence, Runnable effect) {
    pending.incrementAndGet();
    Thread.startVirtualThread(
        () -> {
          try {
            pause(TimeUnit.MICROSECONDS.toNanos(occurrence.micros()));
            effect.run();
          } catch (InterruptedException e) {
            throw new AssertionError(e); // nobody has this thread
          } finally {
            pending.decrementAndGet();
          }
        });
  }

  /// How many such effects are still to come.
  public int pending() {
    return pending.get();
  }

  /// Whether a push to this connection is throttled: where [#throttle] names it, and else by the
  /// next decision of [Fault#PUSH_THROTTLED].
  public boolean throttles(String connectionId) {
    return (throttled.contains(connectionId) && !isStopped()) || happens(Fault.PUSH_THROTTLED);
  }

  /// From now on, every push to these connections is throttled, whatever the plan says of others.
  /// Those of an earlier call are throttled by it no longer.
  public void throttle(Set<String> connectionIds) {
    throttled = Set.copyOf(connectionIds);
  }

  /// Ends all faults, for good: from now on none happens, a network that is gone is back, and an
  /// instance with a wrong clock is not used again. What was lost stays lost.
  public void stop() {
    stop.complete(null);
  }

  public boolean isStopped() {
    return stop.isDone();
  }

  /// Runs something at [#stop], on the thread that stops.
  public void onStop(Runnable action) {
    var _ = stop.thenRun(action);
  }

  /// How often it was decided whether this happens.
  public long decisions(Fault fault) {
    Counts of = counts.get(fault);
    return of == null ? 0 : of.decisions().get();
  }

  /// How often it happened.
  public long injected(Fault fault) {
    Counts of = counts.get(fault);
    return of == null ? 0 : of.injected().get();
  }

  /// For example `seed=7,push.lost=0.1: push.lost 12 of 118`.
  @Override
  public String toString() {
    return plan
        + counts.entrySet().stream()
            .map(
                of ->
                    "%s %d of %d"
                        .formatted(
                            of.getKey(),
                            of.getValue().injected().get(),
                            of.getValue().decisions().get()))
            .collect(Collectors.joining(", ", ": ", ""));
  }
}
