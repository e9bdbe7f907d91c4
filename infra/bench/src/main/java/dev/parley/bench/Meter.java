package dev.parley.bench;

import com.amazonaws.xray.entities.Segment;
import com.amazonaws.xray.listeners.SegmentListener;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.DoubleAdder;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.BatchGetItemRequest;
import software.amazon.awssdk.services.dynamodb.model.BatchGetItemResponse;
import software.amazon.awssdk.services.dynamodb.model.ConsumedCapacity;
import software.amazon.awssdk.services.dynamodb.model.QueryRequest;
import software.amazon.awssdk.services.dynamodb.model.QueryResponse;
import software.amazon.awssdk.services.dynamodb.model.ReturnConsumedCapacity;
import software.amazon.awssdk.services.dynamodb.model.ScanRequest;
import software.amazon.awssdk.services.dynamodb.model.ScanResponse;

/// What handing out a message takes: when a function had it, the pushes that the gateway was asked
/// for, and the read units of whatever names the message's room.
///
/// The AWS SDK finds it by `software/amazon/awssdk/global/handlers`, so it sees all clients of this
/// JVM; and the Fanout function's invocations are known by their X-Ray segments, which begin when
/// it is called.
public final class Meter implements ExecutionInterceptor {
  private static volatile String room = "";
  private static final AtomicLong ENTERED = new AtomicLong();
  private static volatile LongSupplier pushesInAll = () -> 0;
  private static volatile long pushesBefore;
  private static final DoubleAdder READ_UNITS = new DoubleAdder();

  /// To be told of the segments of the local cloud.
  static final SegmentListener INVOCATIONS =
      new SegmentListener() {
        @Override
        public void onBeginSegment(Segment segment) {
          if (segment.getName().equals("FanoutFunction")) {
            enter();
          }
        }
      };

  static void start(String ofRoom) {
    room = ofRoom;
    ENTERED.set(0);
    pushesBefore = pushesInAll.getAsLong();
    READ_UNITS.reset();
  }

  /// When a function had the message first, by `System.nanoTime()`.
  static long entered() {
    long entered = ENTERED.get();
    if (entered == 0) {
      throw new IllegalStateException("no function has had the message");
    }
    return entered;
  }

  static void enter() {
    ENTERED.compareAndSet(0, System.nanoTime());
  }

  /// @param inAll how many pushes the gateway was asked for since it started
  static void countPushes(LongSupplier inAll) {
    pushesInAll = inAll;
  }

  static long pushes() {
    return pushesInAll.getAsLong() - pushesBefore;
  }

  static double readUnits() {
    return READ_UNITS.sum();
  }

  @Override
  public SdkRequest modifyRequest(Context.ModifyRequest context, ExecutionAttributes attributes) {
    return switch (context.request()) {
      case QueryRequest query when isRoom(query.expressionAttributeValues().get(":room")) ->
          query.toBuilder().returnConsumedCapacity(ReturnConsumedCapacity.TOTAL).build();
      case ScanRequest scan when isRoom(scan.expressionAttributeValues().get(":room")) ->
          scan.toBuilder().returnConsumedCapacity(ReturnConsumedCapacity.TOTAL).build();
      case BatchGetItemRequest get when readsRoom(get) ->
          get.toBuilder().returnConsumedCapacity(ReturnConsumedCapacity.TOTAL).build();
      case SdkRequest other -> other;
    };
  }

  private static boolean isRoom(@Nullable AttributeValue value) {
    return value != null && room.equals(value.s());
  }

  private static boolean readsRoom(BatchGetItemRequest get) {
    return get.requestItems().values().stream()
        .flatMap(keys -> keys.keys().stream())
        .anyMatch(key -> isRoom(key.get("room_id")));
  }

  @Override
  public void afterExecution(Context.AfterExecution context, ExecutionAttributes attributes) {
    switch (context.response()) {
      case QueryResponse query when query.consumedCapacity() != null ->
          add(query.consumedCapacity());
      case ScanResponse scan when scan.consumedCapacity() != null -> add(scan.consumedCapacity());
      case BatchGetItemResponse get when get.hasConsumedCapacity() ->
          get.consumedCapacity().forEach(Meter::add);
      default -> {}
    }
  }

  private static void add(ConsumedCapacity consumed) {
    READ_UNITS.add(consumed.capacityUnits());
  }
}
