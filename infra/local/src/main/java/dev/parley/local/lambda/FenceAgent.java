package dev.parley.local.lambda;

import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.MethodTransform;
import java.lang.classfile.Opcode;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.instrument.ClassFileTransformer;
import java.lang.instrument.Instrumentation;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.net.spi.InetAddressResolver;
import java.net.spi.InetAddressResolverProvider;
import java.security.ProtectionDomain;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Keeps a function in Java within its [Fence]: an agent in its JVM, which has no other class of
/// ours.
///
/// The JDK asks it for each name. A port is not of a name, so the two classes in which the JDK
/// begins all connections are changed to take another one.
public final class FenceAgent extends InetAddressResolverProvider {
  static final String SERVICE = InetAddressResolverProvider.class.getName();

  /// Of `java.net` and of `java.nio.channels`.
  private static final Set<String> CONNECTING =
      Set.of("sun/nio/ch/NioSocketImpl", "sun/nio/ch/SocketChannelImpl");

  private static final int HTTPS = 443;

  private static final ClassDesc ADDRESS = described(InetAddress.class);
  private static final ClassDesc WHERE = described(InetSocketAddress.class);

  /// Written before anything else runs: the port of a host that is served, and 0 for names that are
  /// refused.
  private static final Map<String, Integer> PORTS = new HashMap<>();

  private static ClassDesc described(Class<?> type) {
    return ClassDesc.of(type.getName());
  }

  /// @param fence as [Fence#argument] gives it
  public static void premain(String fence, Instrumentation jvm) throws Exception {
    for (String entry : fence.split(",", -1)) {
      int end = entry.indexOf('=');
      String port = entry.substring(end + 1);
      PORTS.put(entry.substring(0, end), port.isEmpty() ? 0 : Integer.parseInt(port));
    }
    jvm.addTransformer(new Redirection(), true);
    for (String type : CONNECTING) {
      jvm.retransformClasses(Class.forName(type.replace('/', '.')));
    }
  }

  @Override
  public InetAddressResolver get(Configuration configuration) {
    return new Names(configuration.builtinResolver());
  }

  @Override
  public String name() {
    return "the local cloud's fence";
  }

  /// @param others looks up what is not AWS's
  record Names(InetAddressResolver others) implements InetAddressResolver {
    @Override
    public Stream<InetAddress> lookupByName(String host, LookupPolicy policy)
        throws UnknownHostException {
      String name = host.toLowerCase(Locale.ROOT).replaceFirst("\\.$", "");
      if (PORTS.getOrDefault(name, 0) > 0) {
        return Stream.of(InetAddress.getByAddress(host, new byte[] {127, 0, 0, 1}));
      }
      if (PORTS.keySet().stream().anyMatch(end -> end.startsWith(".") && name.endsWith(end))) {
        String refusal = name + " is not served here, and no function reaches the real AWS";
        System.err.println(refusal);
        throw new UnknownHostException(refusal);
      }
      return others.lookupByName(host, policy);
    }

    @Override
    public String lookupByAddress(byte[] address) throws UnknownHostException {
      return others.lookupByAddress(address);
    }
  }

  /// Has each of the methods begin with a look at where it is to connect to.
  static final class Redirection implements ClassFileTransformer {
    @Override
    public byte @Nullable [] transform(
        @Nullable ClassLoader loader,
        String className,
        @Nullable Class<?> type,
        @Nullable ProtectionDomain domain,
        byte[] bytes) {
      if (!CONNECTING.contains(className)) {
        return null;
      }
      ClassFile files = ClassFile.of();
      MethodTransform redirecting =
          (method, element) -> {
            if (element instanceof CodeModel code) {
              method.withCode(
                  begin -> {
                    redirect(begin);
                    code.forEach(begin);
                  });
            } else {
              method.with(element);
            }
          };
      ClassTransform transform =
          (changed, element) -> {
            if (element instanceof MethodModel method && connects(method)) {
              changed.transformMethod(method, redirecting);
            } else {
              changed.with(element);
            }
          };
      return files.transformClass(files.parse(bytes), transform);
    }

    private static boolean connects(MethodModel method) {
      return Set.of("connect", "blockingConnect").contains(method.methodName().stringValue())
          && method.methodTypeSymbol().parameterCount() > 0
          && method.methodTypeSymbol().parameterType(0).equals(described(SocketAddress.class));
    }

    /// If the first parameter is port 443 of a host that is served, it becomes the port here.
    private static void redirect(CodeBuilder code) {
      code.aload(1)
          .instanceOf(WHERE)
          .ifThen(
              inet ->
                  where(inet, "getPort", ConstantDescs.CD_int)
                      .loadConstant(HTTPS)
                      .ifThen(
                          Opcode.IF_ICMPEQ,
                          https ->
                              PORTS.forEach(
                                  (host, port) -> {
                                    if (port > 0) {
                                      redirect(https, host, port);
                                    }
                                  })));
    }

    private static void redirect(CodeBuilder code, String host, int port) {
      where(code.loadConstant(host), "getHostString", ConstantDescs.CD_String)
          .invokevirtual(
              ConstantDescs.CD_String,
              "equalsIgnoreCase",
              MethodTypeDesc.of(ConstantDescs.CD_boolean, ConstantDescs.CD_String))
          .ifThen(
              same ->
                  where(same.new_(WHERE).dup(), "getAddress", ADDRESS)
                      .loadConstant(port)
                      .invokespecial(
                          WHERE,
                          ConstantDescs.INIT_NAME,
                          MethodTypeDesc.of(ConstantDescs.CD_void, ADDRESS, ConstantDescs.CD_int))
                      .astore(1));
    }

    private static CodeBuilder where(CodeBuilder code, String getter, ClassDesc gives) {
      return code.aload(1).checkcast(WHERE).invokevirtual(WHERE, getter, MethodTypeDesc.of(gives));
    }
  }
}
