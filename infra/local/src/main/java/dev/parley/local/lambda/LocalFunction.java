package dev.parley.local.lambda;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.xray.AWSXRay;
import com.amazonaws.xray.entities.Segment;
import com.amazonaws.xray.entities.TraceHeader;
import com.amazonaws.xray.entities.TraceID;
import java.lang.reflect.InvocationTargetException;
import java.time.Duration;
import java.util.Deque;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One function of the template, called in process.
///
/// An event goes in as JSON and the result comes out as JSON, both through the serializers of
/// Lambda's own Java runtime. As in Lambda, an instance of the handler serves one invocation at a
/// time and is used again for the next; instances are made when they are needed. Each invocation
/// runs on a thread of its own, so that nothing thread-local of one is seen by another.
///
/// The handler's class has a constructor taking the environment as a `Map<String, String>`, which
/// is used here, or one without arguments, which Lambda uses and which is used here where there is
/// no other.
///
/// Each invocation is an X-Ray segment, which Lambda writes for a deployed function: subsegments
/// that the function makes are in it.
///
/// Safe for use by many threads.
public final class LocalFunction {
  /// `Unlike AWS:` where an account runs 1,000 at once and refuses more (Lambda quotas, "Concurrent
  /// executions"), one function runs this many, and further invocations wait their turn: a laptop
  /// has few cores, and each instance holds its own clients.
  static final int INSTANCES_MAX = 16;

  private static final Logger LOG = LoggerFactory.getLogger(LocalFunction.class);

  private final String name;
  private final Duration timeout;
  private final Handler handler;
  private final Semaphore turns = new Semaphore(INSTANCES_MAX, true);
  private final Deque<Handler.Instance> idle = new ConcurrentLinkedDeque<>();

  /// @param name what the function is called in its context, in traces and in logs
  /// @param handler `package.Class` or `package.Class::handleRequest`
  /// @param timeout how long one invocation may take
  /// @throws IllegalArgumentException if `handler` names no class that Lambda could call
  public LocalFunction(
      String name, String handler, Map<String, String> environment, Duration timeout) {
    if (name.isBlank()) {
      throw new IllegalArgumentException("A function needs a name");
    }
    if (!timeout.isPositive()) {
      throw new IllegalArgumentException(name + ": a timeout is positive, not " + timeout);
    }
    this.name = name;
    this.timeout = timeout;
    this.handler = Handler.named(name, handler, Map.copyOf(environment));
  }

  public String name() {
    return name;
  }

  /// How long one invocation may take.
  public Duration timeout() {
    return timeout;
  }

  /// Calls the function and waits for its result; a new trace begins.
  ///
  /// @throws FunctionError if the function threw, or did not end in time
  public byte[] invoke(byte[] event) {
    return invoke(event, null);
  }

  /// Calls the function and waits for its result.
  ///
  /// @param event JSON, UTF-8
  /// @param traceHeader an `X-Amzn-Trace-Id` whose trace this invocation belongs to; a new trace
  ///     begins where it is null or names none
  /// @return JSON, UTF-8
  /// @throws FunctionError if the function threw, or did not end in time. An invocation that did
  ///     not is interrupted, and its instance is never used again
  public byte[] invoke(byte[] event, @Nullable String traceHeader) {
    turns.acquireUninterruptibly();
    try {
      return invokeInTurn(event, traceHeader);
    } finally {
      turns.release();
    }
  }

  private byte[] invokeInTurn(byte[] event, @Nullable String traceHeader) {
    // The clock starts when there is an instance: Lambda's own does, too.
    Handler.Instance instance = instance();
    Invocation invocation = new Invocation(instance, event, traceHeader);
    FutureTask<byte[]> task = new FutureTask<>(invocation::run);
    Thread.ofVirtual().name(name + " " + invocation.requestId).start(task);
    boolean interrupted = false;
    try {
      while (true) {
        try {
          byte[] result = task.get(invocation.remainingNanos(), TimeUnit.NANOSECONDS);
          idle.addFirst(instance);
          return result;
        } catch (InterruptedException _) {
          // As in Lambda, an invocation that has begun is not called off by who asked for it.
          interrupted = true;
        }
      }
    } catch (TimeoutException _) {
      invocation.timedOut = true;
      task.cancel(true);
      String message =
          "RequestId: %s Error: Task timed out after %.2f seconds"
              .formatted(invocation.requestId, timeout.toMillis() / 1000.0);
      LOG.error("{}: {}", name, message);
      throw new FunctionError("Sandbox.Timedout", message);
    } catch (ExecutionException e) {
      idle.addFirst(instance);
      Throwable thrown = e.getCause() == null ? e : e.getCause();
      LOG.error("{}: RequestId: {} failed", name, invocation.requestId, thrown);
      throw error(thrown);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private Handler.Instance instance() {
    Handler.Instance instance = idle.pollFirst();
    if (instance != null) {
      return instance;
    }
    try {
      return handler.instance();
    } catch (InvocationTargetException e) {
      Throwable thrown = e.getCause() == null ? e : e.getCause();
      LOG.error("{}: its constructor failed", name, thrown);
      throw error(thrown);
    } catch (ReflectiveOperationException | LinkageError e) {
      LOG.error("{}: could not be constructed", name, e);
      throw error(e);
    }
  }

  private static FunctionError error(Throwable thrown) {
    String message = thrown.getMessage();
    FunctionError error =
        new FunctionError(thrown.getClass().getName(), message == null ? "" : message);
    error.initCause(thrown);
    return error;
  }

  /// One call of one instance.
  private final class Invocation {
    private final Handler.Instance instance;
    private final byte[] event;
    private final @Nullable String traceHeader;
    private final String requestId = UUID.randomUUID().toString();
    private final long deadlineNanos = System.nanoTime() + timeout.toNanos();
    private volatile boolean timedOut;

    Invocation(Handler.Instance instance, byte[] event, @Nullable String traceHeader) {
      this.instance = instance;
      this.event = event;
      this.traceHeader = traceHeader;
    }

    long remainingNanos() {
      return Math.max(0, deadlineNanos - System.nanoTime());
    }

    byte[] run() throws Exception {
      Segment segment = segment();
      segment.putAws("request_id", requestId);
      segment.setOrigin("AWS::Lambda::Function");
      Context context =
          new LocalContext(
              name, requestId, deadlineNanos, TraceHeader.fromEntity(segment).toString());
      try {
        return instance.call(event, context);
      } catch (Throwable thrown) {
        segment.addException(thrown);
        throw thrown;
      } finally {
        // A handler that never ends, and heeds no interrupt, never gets here: its trace lacks it.
        if (timedOut) {
          segment.setFault(true);
        }
        AWSXRay.endSegment();
      }
    }

    private Segment segment() {
      TraceHeader header =
          traceHeader == null ? new TraceHeader() : TraceHeader.fromString(traceHeader);
      TraceID root = header.getRootTraceId();
      if (header.getSampled() == TraceHeader.SampleDecision.NOT_SAMPLED) {
        return AWSXRay.getGlobalRecorder().beginNoOpSegment(root == null ? TraceID.create() : root);
      }
      Segment segment =
          root == null
              ? AWSXRay.beginSegment(name)
              : AWSXRay.beginSegment(name, root, header.getParentId());
      segment.setSampled(true);
      return segment;
    }
  }
}
