package dev.parley.local.streams;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.local.aws.LocalAccount;
import dev.parley.local.dynamodb.LocalDynamoDb;
import dev.parley.local.dynamodb.TimeToLive;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.model.GetRecordsResponse;
import software.amazon.awssdk.services.dynamodb.model.OperationType;
import software.amazon.awssdk.services.dynamodb.model.Record;
import software.amazon.awssdk.services.dynamodb.model.Shard;
import software.amazon.awssdk.services.dynamodb.model.ShardIteratorType;
import software.amazon.awssdk.services.dynamodb.model.StreamDescription;
import software.amazon.awssdk.services.dynamodb.model.StreamViewType;
import software.amazon.awssdk.services.dynamodb.streams.DynamoDbStreamsClient;

/// The stream of a table, as DynamoDB Local serves it.
///
/// A position in a shard is [Checkpoints#TRIM_HORIZON], [Checkpoints#SHARD_END] or the sequence
/// number of the last record before it.
final class TableStream {
  /// What `GetRecords` gives at most.
  static final int RECORDS_PER_POLL_MAX = 1_000;

  private final DynamoDbStreamsClient streams;
  private final TimeToLive timeToLive;
  private final String table;
  private final String arn;

  /// @param timeToLive says which removals are to bear DynamoDB's identity
  TableStream(LocalDynamoDb dynamoDb, TimeToLive timeToLive, String table) {
    this.streams = dynamoDb.streams();
    this.timeToLive = timeToLive;
    this.table = table;
    this.arn = dynamoDb.client().describeTable(t -> t.tableName(table)).table().latestStreamArn();
  }

  List<Shard> shards() {
    List<Shard> shards = new ArrayList<>();
    @Nullable String last = null;
    do {
      String from = last;
      StreamDescription page =
          streams
              .describeStream(describe -> describe.streamArn(arn).exclusiveStartShardId(from))
              .streamDescription();
      shards.addAll(page.shards());
      last = page.lastEvaluatedShardId();
    } while (last != null);
    return shards;
  }

  /// An iterator at a position.
  String iterator(Shard shard, String position) {
    return streams
        .getShardIterator(
            get -> {
              get.streamArn(arn).shardId(shard.shardId());
              if (position.equals(Checkpoints.TRIM_HORIZON)) {
                get.shardIteratorType(ShardIteratorType.TRIM_HORIZON);
              } else {
                get.shardIteratorType(ShardIteratorType.AFTER_SEQUENCE_NUMBER)
                    .sequenceNumber(position);
              }
            })
        .shardIterator();
  }

  /// Whether a record says that a row was removed that was not there. DynamoDB Local writes one for
  /// each of several deletes of a row that meet; AWS writes none for a delete that finds nothing.
  static boolean isOfNothing(Record record) {
    return record.eventName() == OperationType.REMOVE
        && List.of(StreamViewType.OLD_IMAGE, StreamViewType.NEW_AND_OLD_IMAGES)
            .contains(record.dynamodb().streamViewType())
        && record.dynamodb().oldImage().isEmpty();
  }

  GetRecordsResponse records(String iterator) {
    return streams.getRecords(get -> get.shardIterator(iterator).limit(RECORDS_PER_POLL_MAX));
  }

  /// The position behind the newest record of a shard.
  String newest(Shard shard) {
    String position = Checkpoints.TRIM_HORIZON;
    @Nullable String iterator = iterator(shard, position);
    while (iterator != null) {
      GetRecordsResponse page = records(iterator);
      if (!page.records().isEmpty()) {
        position = page.records().getLast().dynamodb().sequenceNumber();
      } else if (page.nextShardIterator() != null) {
        return position;
      }
      iterator = page.nextShardIterator();
    }
    return Checkpoints.SHARD_END;
  }

  /// A record as the function gets it.
  ObjectNode event(Record record) {
    return StreamEvent.of(record, table, LocalAccount.streamArn(table), timeToLive);
  }
}
