package dev.parley.local.xray;

import static java.util.stream.Collectors.toSet;

import com.amazonaws.xray.AWSXRay;
import com.amazonaws.xray.AWSXRayRecorder;
import com.amazonaws.xray.AWSXRayRecorderBuilder;
import com.amazonaws.xray.contexts.SegmentContextResolverChain;
import com.amazonaws.xray.contexts.ThreadLocalSegmentContextResolver;
import com.amazonaws.xray.emitters.Emitter;
import com.amazonaws.xray.entities.Segment;
import com.amazonaws.xray.entities.Subsegment;
import com.amazonaws.xray.entities.TraceHeader;
import com.amazonaws.xray.entities.TraceHeader.SampleDecision;
import com.amazonaws.xray.entities.TraceID;
import com.amazonaws.xray.strategy.IgnoreErrorContextMissingStrategy;
import com.amazonaws.xray.strategy.sampling.AllSamplingStrategy;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.local.aws.LocalAccount;
import dev.parley.local.json.Json;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Active tracing of Lambda: which invocations are sampled, and the two segments that Lambda writes
/// of each: one of the service (`AWS::Lambda`), from when the event was taken to when the result
/// was there, and beneath it one of the function (`AWS::Lambda::Function`), which holds what the
/// handler adds.
///
/// An invocation begins a trace of its own. Where its event is a batch of messages that were sent
/// in traces, it is linked to those ("Tracing event-driven applications", X-Ray developer guide):
/// a batch has messages of many traces, and belongs to none of them.
///
/// The function's segment is of the newer kind: without the subsegments `Invocation` and `Overhead`
/// (Lambda developer guide, "Understanding X-Ray traces").
///
/// `Unlike AWS:` where one request a second and 5 % of the rest are sampled, the share is set, and
/// is 1 unless told otherwise.
///
/// Safe for use by many threads.
public final class Tracing {
  /// X-Ray developer guide, "Tracing event-driven applications": a segment has at most 20 links.
  private static final int LINKS_MAX = 20;

  private static final Pattern SEGMENT_ID = Pattern.compile("[0-9a-f]{16}");

  /// What the X-Ray SDK makes of a trace id that is none.
  private static final TraceID NONE = TraceID.invalid();

  private final @Nullable Traces traces;

  /// Of this local cloud: others in this process have their own.
  private final @Nullable AWSXRayRecorder recorder;

  private final double sampling;
  private final RandomGenerator random;

  /// @param sampling the share of invocations that are sampled, from 0 to 1
  /// @param random safe for use by many threads
  public Tracing(Traces traces, double sampling, RandomGenerator random) {
    if (!(sampling >= 0 && sampling <= 1)) {
      throw new IllegalArgumentException("a share is from 0 to 1");
    }
    this.traces = traces;
    this.recorder = recorder();
    this.sampling = sampling;
    this.random = random;
  }

  private Tracing() {
    this.traces = null;
    this.recorder = null;
    this.sampling = 0;
    this.random = RandomGenerator.getDefault();
  }

  /// Samples nothing.
  public static Tracing off() {
    return new Tracing();
  }

  /// Makes the X-Ray SDK of this process hand everything over to the traces: nothing is sampled
  /// away, and nothing is asked of AWS. Where `AWS_XRAY_DAEMON_ADDRESS` of the process points does
  /// not matter, nor whether the shell looks like Lambda's. Subsegments made outside a segment are
  /// dropped silently.
  ///
  /// A segment of a function goes to the local cloud that began it, with its subsegments. Where
  /// there are several in this process, what a function adds behind its end goes to the latest one.
  public Tracing collectFromThisProcess() {
    AWSXRay.setGlobalRecorder(Objects.requireNonNull(recorder));
    return this;
  }

  private AWSXRayRecorder recorder() {
    SegmentContextResolverChain contexts = new SegmentContextResolverChain();
    contexts.addResolver(new ThreadLocalSegmentContextResolver());
    return AWSXRayRecorderBuilder.standard()
        .withSamplingStrategy(new AllSamplingStrategy())
        .withContextMissingStrategy(new IgnoreErrorContextMissingStrategy())
        .withSegmentContextResolverChain(contexts)
        .withEmitter(new HandOver())
        .build();
  }

  private final class HandOver extends Emitter {
    @Override
    public boolean sendSegment(Segment segment) {
      return handOver(segment.serialize());
    }

    @Override
    public boolean sendSubsegment(Subsegment subsegment) {
      return handOver(subsegment.streamSerialize());
    }

    private boolean handOver(String document) {
      return traces != null && traces.put(document) == null;
    }
  }

  /// An event was taken.
  ///
  /// @param headers the trace headers of the messages in it: `Root=1-…;Parent=…;Sampled=1`. Where
  ///     there are any that say so, they decide whether it is sampled: it is where one of them is
  ///     [?]
  public Invocation begin(String function, String requestId, List<String> headers) {
    List<TraceHeader> senders = headers.stream().map(TraceHeader::fromString).toList();
    Set<SampleDecision> decisions =
        senders.stream()
            .map(TraceHeader::getSampled)
            .filter(d -> d == SampleDecision.SAMPLED || d == SampleDecision.NOT_SAMPLED)
            .collect(toSet());
    boolean sampled =
        traces != null
            && (decisions.isEmpty()
                ? random.nextDouble() < sampling
                : decisions.contains(SampleDecision.SAMPLED));
    return new Invocation(function, requestId, sampled, sampled ? links(senders) : List.of());
  }

  private static List<ObjectNode> links(List<TraceHeader> senders) {
    return senders.stream()
        .filter(sender -> sender.getSampled() == SampleDecision.SAMPLED)
        .filter(sender -> SEGMENT_ID.matcher(String.valueOf(sender.getParentId())).matches())
        .filter(sender -> !Objects.requireNonNullElse(sender.getRootTraceId(), NONE).equals(NONE))
        .map(
            sender ->
                Json.MAPPER
                    .createObjectNode()
                    .put("trace_id", String.valueOf(sender.getRootTraceId()))
                    .put("id", sender.getParentId()))
        .distinct()
        .limit(LINKS_MAX)
        .toList();
  }

  /// One invocation, and its two segments where it is sampled. Used by one thread after the other,
  /// apart from [#fail].
  public final class Invocation implements AutoCloseable {
    private final String function;
    private final String requestId;
    private final boolean sampled;
    private final List<ObjectNode> links;
    private final TraceID traceId = TraceID.create();
    private final String id = HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());

    /// No later than the handler's own times, which the X-Ray SDK cuts off to the millisecond.
    private final Instant taken = Instant.now().truncatedTo(ChronoUnit.MILLIS);

    private @Nullable Instant instanceBegun;
    private volatile boolean failed;

    private Invocation(String function, String requestId, boolean sampled, List<ObjectNode> links) {
      this.function = function;
      this.requestId = requestId;
      this.sampled = sampled;
      this.links = links;
    }

    /// Whether X-Ray records it.
    public boolean isSampled() {
      return sampled;
    }

    /// An instance of the handler is being made for it.
    public void instanceBegins() {
      instanceBegun = Instant.now();
    }

    /// The handler begins, on this thread: the segment of the function, not sampled where the
    /// invocation is not.
    public Segment handlerBegins() {
      if (!sampled) {
        return AWSXRay.getGlobalRecorder().beginNoOpSegment(traceId);
      }
      AWSXRayRecorder own = Objects.requireNonNull(recorder);
      Segment segment = own.beginSegment(function, traceId, id);
      segment.setSampled(true);
      segment.setOrigin("AWS::Lambda::Function");
      segment.putAws("account_id", LocalAccount.NUMBER);
      segment.putAws("function_arn", LocalAccount.functionArn(function));
      segment.putAws("request_id", requestId);
      if (instanceBegun != null) {
        Subsegment initialization = own.beginSubsegment("Initialization");
        initialization.setStartTime(seconds(instanceBegun));
        own.endSubsegment();
      }
      return segment;
    }

    /// The handler has ended, on the thread on which it began.
    public void handlerEnds(Segment segment) {
      segment.setFault(segment.isFault() || failed);
      // Another local cloud of this process may have begun meanwhile.
      segment.getCreator().endSegment();
    }

    /// It has failed, by itself or because it was broken off.
    public void fail() {
      failed = true;
    }

    /// The result is there.
    @Override
    public void close() {
      if (!sampled) {
        return;
      }
      ObjectNode segment = Json.MAPPER.createObjectNode();
      segment.put("id", id);
      segment.put("name", function);
      segment.put("trace_id", traceId.toString());
      segment.put("start_time", seconds(taken));
      segment.put("end_time", seconds(Instant.now()));
      segment.putObject("http").putObject("response").put("status", 200);
      segment.putObject("aws").put("request_id", requestId);
      segment.put("origin", "AWS::Lambda");
      segment.put("resource_arn", LocalAccount.functionArn(function));
      if (failed) {
        segment.put("fault", true);
      }
      if (!links.isEmpty()) {
        segment.putArray("links").addAll(links);
      }
      var _ = Objects.requireNonNull(traces).put(segment.toString());
    }

    private static double seconds(Instant instant) {
      return ChronoUnit.MICROS.between(Instant.EPOCH, instant) / 1e6;
    }
  }
}
