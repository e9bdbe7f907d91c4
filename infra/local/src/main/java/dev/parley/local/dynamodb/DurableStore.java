package dev.parley.local.dynamodb;

import com.almworks.sqlite4java.SQLiteConnection;
import com.almworks.sqlite4java.SQLiteException;
import com.almworks.sqlite4java.SQLiteJob;
import com.almworks.sqlite4java.SQLiteQueue;
import com.amazonaws.services.dynamodbv2.local.shared.access.sqlite.AmazonDynamoDBOfflineSQLiteJob;
import com.amazonaws.services.dynamodbv2.local.shared.access.sqlite.SQLiteDBAccess;
import java.io.File;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/// DynamoDB Local's store on disk, which answers a transaction once it is committed.
///
/// DynamoDB Local 2.6.1 itself answers `TransactWriteItems` as soon as the commit is in its queue.
/// Where the commit fails, as on a full disk, what was acknowledged is lost.
final class DurableStore extends SQLiteDBAccess {
  private final ThreadLocal<Boolean> committing = ThreadLocal.withInitial(() -> false);

  DurableStore(File file) throws InterruptedException {
    super(file);
    queue.stop(true).join();
    queue = new Jobs(file).start();
  }

  /// @throws RuntimeException where it was not committed: DynamoDB Local rolls it back and answers
  ///     500
  @Override
  public void commitTransaction(String transactionId, byte[] signature) {
    committing.set(true);
    try {
      super.commitTransaction(transactionId, signature);
    } finally {
      committing.remove();
    }
  }

  private final class Jobs extends SQLiteQueue {
    private @Nullable SQLiteConnection connection;

    Jobs(File file) {
      super(file);
    }

    @Override
    protected void initConnection(SQLiteConnection opened) {
      connection = opened;
    }

    @Override
    public <T, J extends SQLiteJob<T>> J execute(J job) {
      J queued = super.execute(job);
      if (committing.get()) {
        try {
          var _ = queued.get();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          throw new IllegalStateException("Whether it was committed is not known", e);
        } catch (ExecutionException e) {
          throw new IllegalStateException("It was not committed", e);
        }
      }
      return queued;
    }

    @Override
    @SuppressWarnings("rawtypes") // as in what it overrides
    protected void executeJob(SQLiteJob job) throws Throwable {
      super.executeJob(job);
      if (connection != null) {
        InTransaction.recall(connection);
      }
    }
  }

  /// DynamoDB Local remembers whether a transaction is open, and a commit or a roll-back that fails
  /// leaves that wrong: the writes after it would not be transactions of their own.
  private abstract static class InTransaction extends AmazonDynamoDBOfflineSQLiteJob<Void> {
    static void recall(SQLiteConnection connection) throws SQLiteException {
      manualTransactionsEnabled.set(!connection.getAutoCommit());
    }
  }
}
