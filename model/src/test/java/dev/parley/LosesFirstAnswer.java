package dev.parley;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;
import software.amazon.awssdk.http.ExecutableHttpRequest;
import software.amazon.awssdk.http.HttpExecuteRequest;
import software.amazon.awssdk.http.HttpExecuteResponse;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.apache5.Apache5HttpClient;

/// The first request arrives, is carried out, and its answer is lost; the SDK tries again.
public record LosesFirstAnswer(SdkHttpClient http, AtomicBoolean lost) implements SdkHttpClient {
  public LosesFirstAnswer() {
    this(Apache5HttpClient.create(), new AtomicBoolean());
  }

  @Override
  public ExecutableHttpRequest prepareRequest(HttpExecuteRequest request) {
    ExecutableHttpRequest executable = http.prepareRequest(request);
    return new ExecutableHttpRequest() {
      @Override
      public HttpExecuteResponse call() throws IOException {
        HttpExecuteResponse response = executable.call();
        if (lost.compareAndSet(false, true)) {
          throw new IOException("the answer was lost");
        }
        return response;
      }

      @Override
      public void abort() {
        executable.abort();
      }
    };
  }

  @Override
  public void close() {
    http.close();
  }
}
