package dev.parley.local.faults;

import java.util.EnumMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The faults of one run: decides when one happens, and counts.
///
/// The n-th decision of a kind follows from the plan's seed, the kind and n alone, whatever threads
/// do and whatever other kinds there are. Which frame, call or batch is the n-th is the threads'
/// affair.
///
/// Safe for use by many threads.
public final class Faults {
  private static final Logger LOG = LoggerFactory.getLogger(Faults.class);

  /// Any odd number will do that is not [SplittableRandom]'s own step.
  private static final long STEP = 0xd1342543de82ef95L;

  private final FaultPlan plan;
  private final Map<Fault, Counts> counts = new EnumMap<>(Fault.class);
  private final CompletableFuture<@Nullable Void> stop = new CompletableFuture<>();

  private record Counts(FaultPlan.Rule rule, AtomicLong decisions, AtomicLong injected) {}

  /// A fault that happens now.
  ///
  /// @param millis how long it takes; 0 for kinds that take no time
  /// @param random for whatever else there is to choose
  public record Occurrence(int millis, RandomGenerator random) {}

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
    return new Occurrence(of.rule().millis(random), random);
  }

  /// The next decision of a kind of which there is no more to know.
  public boolean happens(Fault fault) {
    return next(fault) != null;
  }

  /// The next decision of a kind that takes time: waits so long, but not beyond [#stop].
  public void delay(Fault fault) throws InterruptedException {
    Occurrence delay = next(fault);
    if (delay != null) {
      try {
        stop.get(delay.millis(), TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        // It is over.
      } catch (ExecutionException e) {
        throw new AssertionError(e);
      }
    }
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
