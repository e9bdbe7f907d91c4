package dev.parley.local.gateway;

import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.local.json.Json;
import dev.parley.local.lambda.FunctionError;
import dev.parley.local.lambda.LocalFunction;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// What answers the events of a route.
sealed interface Integration {
  /// Blocks until there is an outcome.
  Outcome call(byte[] event);

  /// A function, and how long it may take there.
  ///
  /// Its own timeout may be longer: then it goes on after the gateway has given it up, as on AWS.
  record Proxy(LocalFunction function, Duration timeout, Executor threads) implements Integration {
    @Override
    public Outcome call(byte[] event) {
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

  /// The gateway itself.
  ///
  /// @param reply text, in which `$context.<name>` stands for what the event's context has there;
  ///     null for none
  record Mock(int statusCode, @Nullable String reply) implements Integration {
    private static final Pattern CONTEXT = Pattern.compile("\\$context\\.(\\w+(?:\\.\\w+)*)");

    @Override
    public Outcome call(byte[] event) {
      return new Outcome.Answered(statusCode, Map.of(), reply == null ? null : filled(event));
    }

    private String filled(byte[] event) {
      JsonNode context;
      try {
        context = Json.MAPPER.readTree(event).path("requestContext");
      } catch (IOException e) {
        throw new AssertionError("An event is always JSON", e);
      }
      Matcher matcher = CONTEXT.matcher(String.valueOf(reply));
      return matcher.replaceAll(
          found ->
              Matcher.quoteReplacement(
                  context.at("/" + found.group(1).replace('.', '/')).asText()));
    }
  }
}
