package dev.parley.local.lambda;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.amazonaws.services.lambda.runtime.api.client.runtimeapi.LambdaRuntimeClientException;
import com.amazonaws.services.lambda.runtime.api.client.runtimeapi.dto.InvocationRequest;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;

/// Fetches events and posts results where AWS's runtime interface client for Java cannot do so:
/// that part of it is native, for Linux on x86-64 and arm64. Runs in a function's JVM, which has no
/// other class of ours.
public final class RuntimeApiClient {
  /// What the client calls, with these methods. Not visible here.
  private static final ClassDesc NATIVE =
      ClassDesc.of("com.amazonaws.services.lambda.runtime.api.client.runtimeapi.NativeClient");

  private static final ClassDesc BYTES = ConstantDescs.CD_byte.arrayType();

  private static final Map<String, MethodTypeDesc> METHODS =
      Map.of(
          "init",
          MethodTypeDesc.of(ConstantDescs.CD_void, ConstantDescs.CD_String),
          "next",
          MethodTypeDesc.of(ClassDesc.of(InvocationRequest.class.getName())),
          "postInvocationResponse",
          MethodTypeDesc.of(ConstantDescs.CD_void, BYTES, BYTES));

  private static String invocations = "";

  private RuntimeApiClient() {}

  /// Writes this class and one with the name of AWS's that calls it.
  ///
  /// @param folder that is before AWS's client in the class path
  static void writeInto(Path folder) throws IOException {
    String file = RuntimeApiClient.class.getName().replace('.', '/') + ".class";
    Path own = folder.resolve(file);
    Files.createDirectories(own.getParent());
    try (InputStream bytes = RuntimeApiClient.class.getResourceAsStream("/" + file)) {
      Files.copy(Objects.requireNonNull(bytes, file), own);
    }
    Path caller = folder.resolve(NATIVE.descriptorString().substring(1).replace(";", ".class"));
    Files.createDirectories(caller.getParent());
    ClassFile.of()
        .buildTo(
            caller,
            NATIVE,
            type ->
                METHODS.forEach(
                    (name, shape) ->
                        type.withMethodBody(
                            name,
                            shape,
                            ClassFile.ACC_STATIC,
                            code -> {
                              for (int i = 0; i < shape.parameterCount(); i++) {
                                code.aload(i);
                              }
                              code.invokestatic(
                                      ClassDesc.of(RuntimeApiClient.class.getName()), name, shape)
                                  .return_(TypeKind.from(shape.returnType()));
                            })));
  }

  /// To be called first.
  ///
  /// @param api `AWS_LAMBDA_RUNTIME_API`
  public static void init(String api) {
    invocations = "http://%s/2018-06-01/runtime/invocation/".formatted(api);
  }

  /// Waits for the next event.
  public static InvocationRequest next() {
    try {
      HttpURLConnection call = call("next");
      InvocationRequest next = new InvocationRequest();
      next.setContent(answer(call, 200));
      next.setId(call.getHeaderField("Lambda-Runtime-Aws-Request-Id"));
      next.setDeadlineTimeInMs(call.getHeaderFieldLong("Lambda-Runtime-Deadline-Ms", 0));
      next.setInvokedFunctionArn(call.getHeaderField("Lambda-Runtime-Invoked-Function-Arn"));
      next.setXrayTraceId(call.getHeaderField("Lambda-Runtime-Trace-Id"));
      return next;
    } catch (IOException e) {
      throw failed("Failed to get next.", e);
    }
  }

  /// @param requestId in UTF-8
  public static void postInvocationResponse(byte[] requestId, byte[] response) {
    try {
      HttpURLConnection call = call(new String(requestId, UTF_8) + "/response");
      call.setDoOutput(true);
      call.setFixedLengthStreamingMode(response.length);
      call.setRequestProperty("Content-Type", "application/json");
      try (OutputStream body = call.getOutputStream()) {
        body.write(response);
      }
      answer(call, 202);
    } catch (IOException e) {
      throw failed("Failed to post invocation response.", e);
    }
  }

  /// Whatever the function sets for its own connections.
  private static HttpURLConnection call(String path) throws IOException {
    HttpURLConnection call =
        (HttpURLConnection) URI.create(invocations + path).toURL().openConnection(Proxy.NO_PROXY);
    call.setReadTimeout(0);
    call.setUseCaches(false);
    return call;
  }

  private static byte[] answer(HttpURLConnection call, int status) throws IOException {
    if (call.getResponseCode() != status) {
      throw new IOException("Http response code: " + call.getResponseCode());
    }
    try (InputStream body = call.getInputStream()) {
      return body.readAllBytes();
    }
  }

  private static LambdaRuntimeClientException failed(String what, IOException why) {
    LambdaRuntimeClientException failed = new LambdaRuntimeClientException(what, -1);
    failed.initCause(why);
    return failed;
  }
}
