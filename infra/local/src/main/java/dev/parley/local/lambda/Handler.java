package dev.parley.local.lambda;

import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import com.amazonaws.services.lambda.runtime.serialization.PojoSerializer;
import com.amazonaws.services.lambda.runtime.serialization.events.LambdaEventSerializers;
import com.amazonaws.services.lambda.runtime.serialization.factories.JacksonFactory;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A handler's class, and how events and results pass through it.
///
/// Follows `EventHandlerLoader` of `aws-lambda-java-runtime-interface-client` 2.10.1: events that
/// Lambda knows go through `LambdaEventSerializers`, all others through its Jackson.
final class Handler implements Instances {
  /// `Unlike AWS:` where an account runs 1,000 at once and refuses more (Lambda quotas, "Concurrent
  /// executions"), one function runs this many, and further invocations wait their turn: a laptop
  /// has few cores, and each instance holds its own clients.
  static final int INSTANCES_MAX = 16;

  private static final Logger LOG = LoggerFactory.getLogger(Handler.class);
  private static final String METHOD = "handleRequest";

  /// What a constructor may take: the function's environment variables, and its clock.
  private static final Set<List<Class<?>>> PARAMETERS =
      Set.of(List.of(Map.class, InstantSource.class), List.of(Map.class), List.of());

  private final String function;
  private final Constructor<?> constructor;
  private final @Nullable PojoSerializer<Object> input;
  private final @Nullable PojoSerializer<Object> output;

  private Handler(
      String function,
      Constructor<?> constructor,
      @Nullable PojoSerializer<Object> input,
      @Nullable PojoSerializer<Object> output) {
    this.function = function;
    this.constructor = constructor;
    this.input = input;
    this.output = output;
  }

  private static String className(String handler) {
    return handler.replaceFirst("::.*", "");
  }

  /// Whether this JVM's class path has the handler's class.
  static boolean isOfClassPath(String handler) {
    try {
      var _ = Class.forName(className(handler), false, Handler.class.getClassLoader());
      return true;
    } catch (ClassNotFoundException _) {
      return false;
    } catch (LinkageError _) {
      return true; // as is told where it is used
    }
  }

  /// @throws IllegalArgumentException if Lambda could not call it by an interface
  static Handler named(String function, String handler) {
    String className = className(handler);
    if (!handler.equals(className) && !handler.endsWith("::" + METHOD)) {
      throw new IllegalArgumentException(
          "%s: handler %s: only the method %s can be called".formatted(function, handler, METHOD));
    }
    Class<?> type;
    try {
      type = Class.forName(className, false, Handler.class.getClassLoader());
    } catch (ClassNotFoundException _) {
      throw new IllegalArgumentException(
          "%s: handler %s: there is no class %s".formatted(function, handler, className));
    } catch (LinkageError e) { // compiled for a newer Java, or it lacks a class that it needs
      throw unusable(function, handler, e);
    }
    boolean stream = RequestStreamHandler.class.isAssignableFrom(type);
    if (!stream && !RequestHandler.class.isAssignableFrom(type)) {
      throw new IllegalArgumentException(
          "%s: %s implements neither RequestHandler nor RequestStreamHandler"
              .formatted(function, className));
    }
    if (Modifier.isAbstract(type.getModifiers())) {
      throw new IllegalArgumentException("%s: %s is abstract".formatted(function, className));
    }
    Constructor<?> constructor;
    try {
      constructor =
          Arrays.stream(type.getDeclaredConstructors())
              .filter(c -> PARAMETERS.contains(List.of(c.getParameterTypes())))
              .max(Comparator.comparingInt(Constructor::getParameterCount))
              .orElseThrow(
                  () ->
                      new IllegalArgumentException(
                          "%s: %s has no constructor that takes (Map, InstantSource), (Map) or ()"
                              .formatted(function, className)));
    } catch (LinkageError e) {
      throw unusable(function, handler, e);
    }
    constructor.setAccessible(true);
    if (stream) {
      return new Handler(function, constructor, null, null);
    }
    Type[] types = handlerTypes(type, Map.of());
    if (types == null || isUnresolved(types[0]) || isUnresolved(types[1])) {
      throw new IllegalArgumentException(
          "%s: %s does not implement RequestHandler with concrete type parameters"
              .formatted(function, className));
    }
    return new Handler(function, constructor, serializer(types[0]), serializer(types[1]));
  }

  private static IllegalArgumentException unusable(
      String function, String handler, LinkageError e) {
    return new IllegalArgumentException(
        "%s: handler %s: its class cannot be used: %s".formatted(function, handler, e), e);
  }

  private static boolean isUnresolved(Type type) {
    return type instanceof TypeVariable;
  }

  /// What `RequestHandler<I, O>` is given for I and O by `type` or what it extends.
  ///
  /// @param known what the type parameters of `type` stand for
  private static Type @Nullable [] handlerTypes(Class<?> type, Map<TypeVariable<?>, Type> known) {
    for (Type parent : type.getGenericInterfaces()) {
      Type[] found = handlerTypesOfParent(parent, known);
      if (found != null) {
        return found;
      }
    }
    Type parent = type.getGenericSuperclass();
    return parent == null ? null : handlerTypesOfParent(parent, known);
  }

  private static Type @Nullable [] handlerTypesOfParent(
      Type parent, Map<TypeVariable<?>, Type> known) {
    if (parent instanceof ParameterizedType parameterized) {
      Type[] given = parameterized.getActualTypeArguments();
      for (int i = 0; i < given.length; i++) {
        given[i] = given[i] instanceof TypeVariable<?> v ? known.getOrDefault(v, v) : given[i];
      }
      Class<?> raw = (Class<?>) parameterized.getRawType();
      if (raw == RequestHandler.class) {
        return given;
      }
      Map<TypeVariable<?>, Type> inParent = new HashMap<>();
      TypeVariable<?>[] parameters = raw.getTypeParameters();
      for (int i = 0; i < parameters.length; i++) {
        inParent.put(parameters[i], given[i]);
      }
      return handlerTypes(raw, inParent);
    }
    return parent instanceof Class<?> raw ? handlerTypes(raw, Map.of()) : null;
  }

  @SuppressWarnings("unchecked")
  private static @Nullable PojoSerializer<Object> serializer(Type type) {
    if (type == Void.class || type == void.class) {
      return null;
    }
    if (type instanceof Class<?> c && LambdaEventSerializers.isLambdaSupportedEvent(c.getName())) {
      return LambdaEventSerializers.serializerFor((Class<Object>) c, c.getClassLoader());
    }
    return JacksonFactory.getInstance().getSerializer(type);
  }

  @Override
  public int max() {
    return INSTANCES_MAX;
  }

  @Override
  public Instance create(Map<String, String> environment, InstantSource clock) {
    Object[] arguments = {environment, clock};
    try {
      return new Served(
          constructor.newInstance(Arrays.copyOf(arguments, constructor.getParameterCount())));
    } catch (InvocationTargetException e) {
      Throwable thrown = e.getCause() == null ? e : e.getCause();
      LOG.error("{}: its constructor failed", function, thrown);
      throw FunctionError.of(thrown);
    } catch (ReflectiveOperationException | LinkageError e) {
      LOG.error("{}: could not be constructed", function, e);
      throw FunctionError.of(e);
    }
  }

  /// Objects need no end.
  @Override
  public void close() {}

  /// One object of the handler's class.
  final class Served implements Instance {
    private final Object object;

    private Served(Object object) {
      this.object = object;
    }

    @Override
    public boolean take() {
      return true;
    }

    @Override
    public boolean release() {
      return true;
    }

    @Override
    public void end() {}

    @Override
    @SuppressWarnings("unchecked")
    public byte[] call(byte[] event, LocalContext context) throws IOException {
      var in = new ByteArrayInputStream(event);
      var out = new ByteArrayOutputStream();
      switch (object) {
        case RequestStreamHandler handler -> handler.handleRequest(in, out, context);
        case RequestHandler<?, ?> handler -> {
          Object result =
              ((RequestHandler<@Nullable Object, @Nullable Object>) handler)
                  .handleRequest(input == null ? null : input.fromJson(in), context);
          // A function that returns nothing leaves Lambda's runtime with no bytes at all.
          if (output != null) {
            output.toJson(result, out);
          }
        }
        default -> throw new AssertionError(object.getClass());
      }
      return out.toByteArray();
    }
  }
}
