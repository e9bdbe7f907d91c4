package dev.parley.local.lambda;

import com.amazonaws.xray.entities.Segment;
import com.amazonaws.xray.entities.TraceHeader;
import dev.parley.local.faults.Fault;
import dev.parley.local.faults.Faults;
import dev.parley.local.metrics.FunctionOutput;
import dev.parley.local.metrics.MetricStore;
import dev.parley.local.metrics.Series;
import dev.parley.local.xray.Tracing;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One function of the template: a class, called in this JVM ([Handler]), or a
/// program in processes of its own ([FunctionProcesses]).
///
/// An event goes in as JSON and the result comes out as JSON. As in Lambda, an instance serves one
/// invocation at a time and is used again for the next; instances are made when they are needed.
///
/// In this JVM, both pass through the serializers of Lambda's own Java runtime. Each invocation
/// runs on a thread of its own, so that nothing thread-local of one is seen by another. Where the
/// handler's class has a constructor taking the environment as a `Map<String, String>`, that is
/// used, and else the one without arguments, which Lambda uses.
///
/// Each invocation that is sampled has the segments that Lambda writes ([Tracing]): subsegments
/// that the function makes are in them.
///
/// Where faults ask for it, an invocation is killed: it fails as on AWS, its instance is not used
/// again, and none of its threads reaches a service any more. Or its instance is frozen for a
/// while: it stands still where it calls a service or looks at its clock. A handler whose
/// constructor takes a clock may be given a wrong one. `Unlike AWS:` all functions share this JVM's
/// clock.
///
/// Safe for use by many threads.
public final class LocalFunction implements AutoCloseable {
  /// How long [#close] waits for invocations that are under way, beside what their callers waited.
  private static final int CLOSE_TIMEOUT_MS = 500;

  private static final Logger LOG = LoggerFactory.getLogger(LocalFunction.class);

  private final String name;
  private final @Nullable String alias;
  private final Duration timeout;
  private final Faults faults;
  private final @Nullable ServiceProxy proxy;
  private final Tracing tracing;
  private final MetricStore metrics;
  private final Series invocations;
  private final Series errors;
  private final Series duration;
  private final Series billed;
  private final Series concurrency;
  private final Series traces;
  private final Semaphore turns;
  private final Set<FutureTask<byte[]>> underWay = ConcurrentHashMap.newKeySet();
  private final int instancesMax;
  private volatile Code code;
  private volatile boolean closed;

  /// A function without an alias, whose handler runs in this JVM.
  ///
  /// @param name what the function is called in its context, in traces and in logs
  /// @param handler `package.Class` or `package.Class::handleRequest`
  /// @param timeout how long one invocation may take
  /// @param proxy what stands between the function and the services that it calls, or null
  /// @param metrics gets what Lambda measures of the function, and what the function measures
  /// @throws IllegalArgumentException if `handler` names no class that Lambda could call
  public LocalFunction(
      String name,
      String handler,
      Map<String, String> environment,
      Duration timeout,
      Faults faults,
      @Nullable ServiceProxy proxy,
      Tracing tracing,
      MetricStore metrics) {
    this(
        name,
        null,
        Instances.ofClass(name, handler),
        environment,
        timeout,
        faults,
        proxy,
        tracing,
        metrics);
  }

  /// @param alias by which it is called, or null where it has none
  /// @param instances are closed with the function
  public LocalFunction(
      String name,
      @Nullable String alias,
      Instances instances,
      Map<String, String> environment,
      Duration timeout,
      Faults faults,
      @Nullable ServiceProxy proxy,
      Tracing tracing,
      MetricStore metrics) {
    if (name.isBlank()) {
      throw new IllegalArgumentException("A function needs a name");
    }
    if (!timeout.isPositive()) {
      throw new IllegalArgumentException(name + ": a timeout is positive, not " + timeout);
    }
    this.name = name;
    this.alias = alias;
    this.timeout = timeout;
    this.code = new Code(instances, Map.copyOf(environment));
    this.instancesMax = instances.max();
    this.turns = new Semaphore(instancesMax, true);
    this.faults = faults;
    this.proxy = proxy;
    this.tracing = tracing;
    this.metrics = metrics;
    this.invocations = Series.ofFunction("Invocations", "Count", name);
    this.errors = Series.ofFunction("Errors", "Count", name);
    this.duration = Series.ofFunction("Duration", "Milliseconds", name);
    this.billed = Series.ofLocalCloud("BilledMilliseconds", Map.of("FunctionName", name));
    this.concurrency = Series.ofFunction("ConcurrentExecutions", "Count", name);
    this.traces = Series.ofLocalCloud("TracesRecorded", Map.of("FunctionName", name));
  }

  public String name() {
    return name;
  }

  /// By which it is called: its alias's where it has one.
  public String arn() {
    return LocalContext.arn(name, alias);
  }

  /// For example `$LATEST`.
  public String version() {
    return LocalContext.version(alias);
  }

  /// How many invocations can be at work at once; others wait.
  public int concurrencyMax() {
    return instancesMax;
  }

  /// How long one invocation may take.
  public Duration timeout() {
    return timeout;
  }

  /// Calls the function and waits for its result.
  ///
  /// @param event JSON, UTF-8
  /// @return JSON, UTF-8
  /// @throws FunctionError if the function threw, did not end in time, was killed or closed. An
  ///     invocation that did not end is broken off, and its instance is never used again
  public byte[] invoke(byte[] event) {
    return invoke(event, List.of(), UUID.randomUUID().toString());
  }

  /// The same with a batch of messages.
  ///
  /// @param traceHeaders an `X-Amzn-Trace-Id` for each of them that has one
  /// @param requestId of this invocation only
  public byte[] invoke(byte[] event, List<String> traceHeaders, String requestId) {
    try (Tracing.Invocation traced = tracing.begin(name, requestId, traceHeaders)) {
      turns.acquireUninterruptibly();
      try {
        if (closed) {
          throw FunctionError.stopped(name);
        }
        return measured(event, requestId, traced);
      } catch (FunctionError e) {
        traced.fail();
        throw e;
      } finally {
        turns.release();
      }
    }
  }

  /// From here on it runs other code. Invocations that are under way end with the code that they
  /// began with, which is closed after the last of them.
  ///
  /// @param instances of which as many may be at work as before
  public void replace(Instances instances, Map<String, String> environment) {
    Code before = code;
    code = new Code(instances, Map.copyOf(environment));
    before.end();
    if (closed) { // meanwhile
      instances.close();
    }
  }

  /// `Unlike AWS:` the duration has the making of an instance in it.
  private byte[] measured(byte[] event, String requestId, Tracing.Invocation traced) {
    metrics.add(invocations, 1);
    metrics.add(traces, traced.isSampled() ? 1 : 0);
    metrics.add(concurrency, instancesMax - turns.availablePermits());
    long begun = System.nanoTime();
    boolean succeeded = false;
    try {
      byte[] result = invokeInTurn(event, requestId, traced);
      succeeded = true;
      return result;
    } finally {
      metrics.add(errors, succeeded ? 0 : 1);
      double ms = (System.nanoTime() - begun) / 1e6;
      metrics.add(duration, ms);
      metrics.add(billed, Math.ceil(ms));
    }
  }

  private byte[] invokeInTurn(byte[] event, String requestId, Tracing.Invocation traced) {
    Code running;
    do {
      running = code;
    } while (!running.begin());
    try {
      return invokeWith(running, event, requestId, traced);
    } finally {
      running.end();
    }
  }

  private byte[] invokeWith(
      Code running, byte[] event, String requestId, Tracing.Invocation traced) {
    // The clock starts when there is an instance: Lambda's own does, too.
    Used instance = instance(running, traced);
    Invocation invocation = new Invocation(instance.instance(), event, requestId, traced);
    FutureTask<byte[]> task = new FutureTask<>(invocation::run);
    boolean reusable = false;
    boolean interrupted = false;
    try {
      if (faults.happens(Fault.FUNCTION_KILLED_AT_START)) {
        throw invocation.killed();
      }
      underWay.add(task);
      instance.begin(
          () -> {
            traced.fail(); // before its handler can end
            task.cancel(true);
          });
      Thread.ofVirtual().name(name + " " + requestId).start(task);
      while (true) {
        try {
          byte[] result = task.get(invocation.remainingNanos(), TimeUnit.NANOSECONDS);
          if (faults.happens(Fault.FUNCTION_KILLED_AT_END)) {
            throw invocation.killed();
          }
          reusable = true;
          return result;
        } catch (InterruptedException _) {
          // As in Lambda, an invocation that has begun is not called off by who asked for it.
          interrupted = true;
        }
      }
    } catch (TimeoutException _) {
      traced.fail();
      task.cancel(true);
      String message =
          "RequestId: %s Error: Task timed out after %.2f seconds"
              .formatted(requestId, timeout.toMillis() / 1000.0);
      LOG.error("{}: {}", name, message);
      throw new FunctionError("Sandbox.Timedout", message);
    } catch (CancellationException _) {
      throw closed ? FunctionError.stopped(name) : invocation.killed();
    } catch (ExecutionException e) {
      reusable = true;
      Throwable thrown = e.getCause() == null ? e : e.getCause();
      FunctionError error = FunctionError.of(thrown);
      if (error == thrown) { // of a process, whose runtime has logged what was thrown there
        LOG.error("{}: RequestId: {} failed: {}", name, requestId, error.errorType());
      } else {
        LOG.error("{}: RequestId: {} failed", name, requestId, thrown);
      }
      throw error;
    } finally {
      underWay.remove(task);
      if (instance.end(reusable)) {
        running.idle.addFirst(instance);
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /// Begins no more invocations: those that wait for their turn fail. Those that are under way have
  /// a moment to finish, and are then broken off, so that they reach no service that has stopped.
  @Override
  public void close() {
    closed = true;
    try {
      if (turns.tryAcquire(instancesMax, CLOSE_TIMEOUT_MS, TimeUnit.MILLISECONDS)) {
        turns.release(instancesMax);
      } else {
        LOG.warn("{}: is closed, and breaks off {} invocations", name, underWay.size());
        underWay.forEach(task -> task.cancel(true));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      code.instances.close();
    }
  }

  /// An instance that is not at work, or a new one.
  private Used instance(Code running, Tracing.Invocation traced) {
    Used used;
    while ((used = running.idle.pollFirst()) != null) {
      if (used.instance().take() && (!used.skewed() || !faults.isStopped())) {
        return used;
      }
      used.end(false);
    }
    traced.instanceBegins();
    Map<String, String> own = new HashMap<>(running.environment);
    Faults.Occurrence skew = faults.next(Fault.CLOCK_SKEW);
    InstantSource clock = InstantSource.system();
    if (skew != null) {
      int millis = skew.random().nextBoolean() ? skew.millis() : -skew.millis();
      clock = InstantSource.offset(clock, Duration.ofMillis(millis));
    }
    ServiceProxy.Route route = proxy == null ? null : proxy.open(own, metrics);
    if (route != null) {
      own.putAll(route.endpoints());
      clock = route.freezing(clock);
    }
    try {
      return new Used(running.instances.create(Map.copyOf(own), clock), skew != null, route);
    } catch (FunctionError e) {
      if (route != null) {
        var _ = route.end(false);
      }
      throw closed ? FunctionError.stopped(name) : e; // its process ends with the function
    }
  }

  /// One state of its code, with the instances of it.
  private static final class Code {
    private final Instances instances;
    private final Map<String, String> environment;
    private final Deque<Used> idle = new ConcurrentLinkedDeque<>();

    /// Its invocations that are under way, and one for as long as it is the latest code.
    private int uses = 1;

    Code(Instances instances, Map<String, String> environment) {
      this.instances = instances;
      this.environment = environment;
    }

    /// @return false where it is closed
    synchronized boolean begin() {
      if (uses == 0) {
        return false;
      }
      uses++;
      return true;
    }

    /// Of an invocation, or of being the latest.
    synchronized void end() {
      uses--;
      if (uses == 0) {
        idle.forEach(used -> used.end(false));
        instances.close();
      }
    }
  }

  /// An instance with its own view of the world.
  ///
  /// @param skewed whether its clock is wrong
  /// @param route how it reaches the services that it calls; null for straight
  private record Used(Instance instance, boolean skewed, ServiceProxy.@Nullable Route route) {

    /// @param kill breaks the invocation off
    void begin(Runnable kill) {
      if (route != null) {
        route.begin(kill);
      }
    }

    /// @return whether it can be used again
    boolean end(boolean reusable) {
      boolean alive = reusable && instance.release();
      boolean usable = route == null ? alive : route.end(alive);
      if (!usable) {
        instance.end();
      }
      return usable;
    }
  }

  /// One call of one instance.
  private final class Invocation {
    private final Instance instance;
    private final byte[] event;
    private final String requestId;
    private final Tracing.Invocation traced;
    private final long deadlineNanos = System.nanoTime() + timeout.toNanos();

    Invocation(Instance instance, byte[] event, String requestId, Tracing.Invocation traced) {
      this.instance = instance;
      this.event = event;
      this.requestId = requestId;
      this.traced = traced;
    }

    /// What Lambda says of a runtime that was killed.
    FunctionError killed() {
      return FunctionError.exited(requestId, FunctionError.KILLED);
    }

    long remainingNanos() {
      return Math.max(0, deadlineNanos - System.nanoTime());
    }

    byte[] run() throws Exception {
      FunctionOutput.belongsTo(metrics);
      Segment segment = traced.handlerBegins();
      try {
        LocalContext context =
            new LocalContext(
                name, alias, requestId, deadlineNanos, TraceHeader.fromEntity(segment).toString());
        return instance.call(event, context);
      } catch (Throwable thrown) {
        segment.addException(thrown);
        if (thrown instanceof FunctionError error) { // of a process: what was thrown there
          segment.getCause().getExceptions().forEach(cause -> cause.setType(error.errorType()));
        }
        throw thrown;
      } finally {
        // A handler that never ends, and heeds no interrupt, never gets here: its trace has the
        // service's segment only.
        traced.handlerEnds(segment);
      }
    }
  }
}
