package dev.parley.local.lambda;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Field;
import java.net.JarURLConnection;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.ByteBuffer;
import java.security.CodeSource;
import java.security.ProtectionDomain;
import java.security.cert.Certificate;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/// Loads one instance of a function from its package, apart from the local cloud and from all other
/// instances, as in a process: only the JDK, and what Lambda's runtime has on its class path
/// (interfaces, hooks, serialization), are this JVM's.
///
/// `System.getenv` and `System.exit` would be the JVM's, too. So the classes of the function and of
/// its libraries are made to call [FunctionSystem] instead. In a class file, calls and references
/// of a method are one entry of the constant pool, which names a class and a method: the class that
/// is named there is exchanged (JVM specification, 4.4).
final class FunctionClassLoader extends URLClassLoader {
  private static final String OWN_SYSTEM = FunctionSystem.class.getName();
  private static final Set<String> OWN_METHODS = Set.of("getenv", "exit");

  /// Where a class file has the number of entries in its constant pool, and these.
  private static final int COUNT_AT = 8;

  private static final int ENTRIES_AT = 10;
  private static final int ENTRIES_MAX = 0xffff;

  private static final byte UTF8 = 1;
  private static final byte CLASS = 7;
  private static final byte METHOD = 10;

  /// The JDK, and Lambda's runtime: the events are the function's own.
  private static final ClassLoader RUNTIME =
      new ClassLoader(ClassLoader.getPlatformClassLoader()) {
        @Override
        protected Class<?> findClass(String name) throws ClassNotFoundException {
          if (name.matches(
              "com\\.amazonaws\\.services\\.lambda"
                  + "\\.(runtime\\.(logging\\.|serialization\\..*)?|crac\\.)[^.]+")) {
            return Class.forName(name, false, FunctionClassLoader.class.getClassLoader());
          }
          throw new ClassNotFoundException(name);
        }
      };

  static {
    registerAsParallelCapable();
  }

  private final Map<String, String> environment;
  private volatile @Nullable Integer exitStatus;

  /// @param classPath folders and jars
  /// @param environment what is the process's to the function
  FunctionClassLoader(List<URL> classPath, Map<String, String> environment) {
    super(classPath.toArray(URL[]::new), RUNTIME);
    this.environment = new ConcurrentHashMap<>(environment);
  }

  /// Lambda tells it in the environment, for each invocation.
  void setTraceHeader(String header) {
    environment.put("_X_AMZN_TRACE_ID", header);
  }

  /// What the function has ended itself with; null where it has not.
  @Nullable Integer exitStatus() {
    return exitStatus;
  }

  private void exit(int status) {
    exitStatus = status;
    throw FunctionError.exited(null, status);
  }

  @Override
  protected Class<?> findClass(String name) throws ClassNotFoundException {
    try {
      return name.equals(OWN_SYSTEM) ? ownSystem() : ofFunction(name);
    } catch (IOException | ReflectiveOperationException e) {
      throw new ClassNotFoundException(name, e);
    }
  }

  private Class<?> ownSystem() throws IOException, ReflectiveOperationException {
    byte[] bytes;
    try (InputStream in =
        FunctionSystem.class.getResourceAsStream(FunctionSystem.class.getSimpleName() + ".class")) {
      bytes = Objects.requireNonNull(in).readAllBytes();
    }
    Class<?> own = defineClass(OWN_SYSTEM, bytes, 0, bytes.length);
    set(own, "environment", environment);
    set(own, "exit", (IntConsumer) this::exit);
    return own;
  }

  private static void set(Class<?> type, String field, Object value)
      throws ReflectiveOperationException {
    Field found = type.getDeclaredField(field);
    found.setAccessible(true);
    found.set(null, value);
  }

  private Class<?> ofFunction(String name) throws IOException, ClassNotFoundException {
    String file = name.replace('.', '/') + ".class";
    URL resource = findResource(file);
    if (resource == null) {
      throw new ClassNotFoundException(name);
    }
    byte[] bytes;
    try (InputStream in = resource.openStream()) {
      bytes = withOwnSystem(in.readAllBytes());
    }
    CodeSource place = new CodeSource(place(resource, file), (Certificate[]) null);
    return defineClass(name, bytes, 0, bytes.length, new ProtectionDomain(place, null, this, null));
  }

  /// The jar or the folder that has a class.
  private static URL place(URL resource, String file) throws IOException {
    if (resource.openConnection() instanceof JarURLConnection jar) {
      return jar.getJarFileURL();
    }
    String whole = resource.toString();
    return URI.create(whole.substring(0, whole.length() - file.length())).toURL();
  }

  /// A class with [FunctionSystem] in the place of `System` where it calls one of these methods.
  static byte[] withOwnSystem(byte[] bytes) {
    byte[] changed = bytes.clone();
    ByteBuffer in = ByteBuffer.wrap(changed);
    int count = u2(in, COUNT_AT);
    int[] at = new int[count];
    int end = ENTRIES_AT;
    for (int i = 1; i < count; i++) {
      at[i] = end;
      byte tag = in.get(end);
      end +=
          switch (tag) {
            case UTF8 -> 3 + u2(in, end + 1);
            case CLASS, 8, 16, 19, 20 -> 3;
            case 15 -> 4;
            case 3, 4, 9, METHOD, 11, 12, 17, 18 -> 5;
            case 5, 6 -> 9;
            default -> throw new ClassFormatError("there is no constant " + tag);
          };
      i += tag == 5 || tag == 6 ? 1 : 0; // a long or a double counts as two
    }
    boolean calls = false;
    for (int i = 1; i < count && count + 2 <= ENTRIES_MAX; i++) {
      if (at[i] > 0 && isOfSystem(in, at, at[i])) {
        in.putShort(at[i] + 1, (short) (count + 1));
        calls = true;
      }
    }
    if (!calls) {
      return bytes;
    }
    byte[] own = OWN_SYSTEM.replace('.', '/').getBytes(UTF_8);
    in.putShort(COUNT_AT, (short) (count + 2));
    return ByteBuffer.allocate(bytes.length + 6 + own.length)
        .put(changed, 0, end)
        .put(UTF8)
        .putShort((short) own.length)
        .put(own)
        .put(CLASS)
        .putShort((short) count)
        .put(changed, end, bytes.length - end)
        .array();
  }

  /// Whether the entry at `entry` names a method of `System` that a function has of its own.
  private static boolean isOfSystem(ByteBuffer in, int[] at, int entry) {
    return in.get(entry) == METHOD
        && text(in, at, at[u2(in, entry + 1)]).equals("java/lang/System")
        && OWN_METHODS.contains(text(in, at, at[u2(in, entry + 3)]));
  }

  /// The text that a class, or a name with its type, begins with.
  private static String text(ByteBuffer in, int[] at, int entry) {
    int text = at[u2(in, entry + 1)];
    byte[] bytes = new byte[u2(in, text + 1)];
    in.get(text + 3, bytes);
    return new String(bytes, UTF_8);
  }

  private static int u2(ByteBuffer in, int index) {
    return Short.toUnsignedInt(in.getShort(index));
  }
}
