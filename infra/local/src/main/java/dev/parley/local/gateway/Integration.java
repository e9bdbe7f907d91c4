package dev.parley.local.gateway;

import dev.parley.local.lambda.FunctionError;
import dev.parley.local.lambda.LocalFunction;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// A route's function, and how long it may take there.
///
/// Its own timeout may be longer: then it goes on after the gateway has given it up, as on AWS.
record Integration(LocalFunction function, Duration timeout, Executor threads) {
  /// Blocks until there is an outcome.
  Outcome call(byte[] event) {
    FutureTask<byte[]> task = new FutureTask<>(() -> function.invoke(event));
    try {
      threads.execute(task);
      return Outcome.of(task.get(timeout.toNanos(), TimeUnit.NANOSECONDS));
    } catch (TimeoutException _) {
      return new Outcome.Failed("it took longer than " + timeout);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof FunctionError error) {
        if (error.isStopped()) {
          return new Outcome.GivenUp();
        }
        return new Outcome.Failed(error.errorType() + ": " + error.getMessage());
      }
      throw new IllegalStateException(function.name() + " could not be invoked", e);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return new Outcome.GivenUp();
    } catch (RejectedExecutionException _) {
      return new Outcome.GivenUp();
    }
  }
}
