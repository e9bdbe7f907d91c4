package dev.parley.local.lambda;

import com.amazonaws.services.lambda.runtime.ClientContext;
import com.amazonaws.services.lambda.runtime.CognitoIdentity;
import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.LambdaLogger;
import dev.parley.local.aws.LocalAccount;
import java.io.PrintStream;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// What a handler is told of its invocation.
///
/// @param alias by which the function is called, or null where it has none. `Unlike AWS:` it is at
///     version 1 always, which is what the template says now.
/// @param deadlineNanos by the clock of [System#nanoTime]
/// @param traceHeader with this invocation's segment as the parent
record LocalContext(
    String functionName,
    @Nullable String alias,
    String requestId,
    long deadlineNanos,
    String traceHeader)
    implements Context {
  /// Lambda's own default (AWS::Lambda::Function, MemorySize is 128) is less than this JVM uses, so
  /// the largest a function can have is told: no handler here is ever short of memory.
  private static final int MEMORY_LIMIT_MB = 10_240;

  static final String LOG_STREAM = "local";

  /// Of a function that is called by this alias, or by none.
  static String version(@Nullable String alias) {
    return alias == null ? "$LATEST" : "1";
  }

  static String arn(String functionName, @Nullable String alias) {
    return alias == null
        ? LocalAccount.functionArn(functionName)
        : LocalAccount.aliasArn(functionName, alias);
  }

  static String logGroup(String functionName) {
    return "/aws/lambda/" + functionName;
  }

  @Override
  public String getAwsRequestId() {
    return requestId;
  }

  @Override
  public String getLogGroupName() {
    return logGroup(functionName);
  }

  @Override
  public String getLogStreamName() {
    return LOG_STREAM;
  }

  @Override
  public String getFunctionName() {
    return functionName;
  }

  @Override
  public String getFunctionVersion() {
    return version(alias);
  }

  @Override
  public String getInvokedFunctionArn() {
    return arn(functionName, alias);
  }

  /// Null, as for every function that no mobile application calls.
  @Override
  @SuppressWarnings("NullAway") // the interface is older than its annotations
  public @Nullable CognitoIdentity getIdentity() {
    return null;
  }

  @Override
  @SuppressWarnings("NullAway") // the interface is older than its annotations
  public @Nullable ClientContext getClientContext() {
    return null;
  }

  @Override
  public int getRemainingTimeInMillis() {
    return (int) Math.max(0, TimeUnit.NANOSECONDS.toMillis(deadlineNanos - System.nanoTime()));
  }

  @Override
  public int getMemoryLimitInMB() {
    return MEMORY_LIMIT_MB;
  }

  @Override
  public LambdaLogger getLogger() {
    return StdoutLogger.OF_ALL;
  }

  @Override
  public String getXrayTraceId() {
    return traceHeader;
  }

  private static final class StdoutLogger implements LambdaLogger {
    private static final StdoutLogger OF_ALL = new StdoutLogger();

    @Override
    public void log(String message) {
      System.out.println(message);
    }

    @Override
    public void log(byte[] message) {
      PrintStream out = System.out;
      out.write(message, 0, message.length);
      out.println();
    }
  }
}
