package dev.parley.local.dynamodb;

import com.amazonaws.services.dynamodbv2.local.server.LocalDynamoDBRequestHandler;
import com.amazonaws.services.dynamodbv2.local.server.LocalDynamoDBServerHandler;
import com.amazonaws.services.dynamodbv2.local.shared.access.AmazonDynamoDBLocal;
import com.amazonaws.services.dynamodbv2.local.shared.access.LocalDBClient;
import com.amazonaws.services.dynamodbv2.local.shared.jobs.JobsRegister;
import dev.parley.local.aws.LocalClients;
import dev.parley.local.net.Loopback;
import dev.parley.local.origins.Origins;
import dev.parley.local.template.TableResource;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.reflect.Field;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.ContextHandler;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.awscore.endpoints.AccountIdEndpointMode;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.streams.DynamoDbStreamsClient;

/// DynamoDB Local in this JVM, served over HTTP on both loopback addresses, so that functions and
/// tools such as `aws dynamodb … --endpoint-url` reach the same tables with any credentials. What a
/// web page could have sent is refused: see [Origins#refusalOfCall].
///
/// Its own server class would listen on every interface and sends telemetry; this one does neither.
/// The clients here are shared and safe for use by any number of threads until [#close].
public final class LocalDynamoDb implements AutoCloseable {
  /// DynamoDB Local's AWS SDK v1 warns that JAXB is missing, which it does not need. Held here,
  /// because a logger that nobody holds forgets its level.
  private static final Logger SDK_V1_LOG = Logger.getLogger("com.amazonaws");

  /// As many background jobs as DynamoDB Local gives itself.
  private static final int JOBS = 10;

  /// How long a request in flight may hold up [#close].
  private static final int STOP_TIMEOUT_MS = 1_000;

  private final @Nullable Path folder;
  private final LocalDynamoDBServerHandler handler;
  private final Server server;
  private final ThreadGroup threads;
  private final URI url;
  private final SdkHttpClient http;
  private final DynamoDbClient client;
  private final DynamoDbStreamsClient streams;

  private LocalDynamoDb(
      @Nullable Path folder,
      LocalDynamoDBServerHandler handler,
      Server server,
      ThreadGroup threads,
      URI url) {
    this.folder = folder;
    this.threads = threads;
    this.handler = handler;
    this.server = server;
    this.url = url;
    this.http = LocalClients.http();
    this.client =
        LocalClients.client(DynamoDbClient.builder(), http, url)
            .endpointDiscoveryEnabled(false)
            .accountIdEndpointMode(AccountIdEndpointMode.DISABLED)
            .build();
    this.streams = LocalClients.client(DynamoDbStreamsClient.builder(), http, url).build();
  }

  /// Starts with no tables, on a free port; nothing is kept.
  public static LocalDynamoDb inMemory() throws IOException {
    return start(0, null, Origins.OF_THIS_MACHINE);
  }

  /// Starts with the tables in `folder`, which is made where it is missing.
  ///
  /// @param port 0 for a free one
  /// @param folder null for memory
  /// @param origins by which names it may be called
  /// @throws java.net.BindException where the port is taken or not permitted; its message names the
  ///     address
  public static LocalDynamoDb start(int port, @Nullable Path folder, Origins origins)
      throws IOException {
    SDK_V1_LOG.setLevel(Level.SEVERE);
    DatabaseFile.loadSqlite();
    if (folder != null) {
      Files.createDirectories(folder);
    }
    ThreadGroup group = new ThreadGroup("dynamodb-local");
    LocalDynamoDBServerHandler handler =
        new LocalDynamoDBServerHandler(
            folder == null
                ? new LocalDynamoDBRequestHandler(0, true, null, true, false)
                : onDisk(folder, group),
            null);
    QueuedThreadPool threads = new QueuedThreadPool(64, 8, 60_000, -1, null, group);
    threads.setName(group.getName());
    threads.setDaemon(true);
    Server server = new Server(threads);
    server.setStopTimeout(STOP_TIMEOUT_MS);
    server.setHandler(new ContextHandler(new SignedCalls(new AnyCredentials(handler), origins)));
    int everywhere = port == 0 ? Loopback.freePort() : port;
    try {
      for (InetAddress loopback : Loopback.addresses()) {
        listen(server, new InetSocketAddress(loopback, everywhere));
      }
      server.start();
    } catch (Exception e) {
      stop(server, handler, group);
      throw e instanceof IOException io ? io : new IOException(e);
    }
    return new LocalDynamoDb(
        folder, handler, server, group, URI.create("http://127.0.0.1:" + everywhere));
  }

  private static void listen(Server server, InetSocketAddress address) throws BindException {
    ServerConnector connector = new ServerConnector(server, 1, 1);
    connector.setHost(address.getAddress().getHostAddress());
    connector.setPort(address.getPort());
    server.addConnector(connector);
    try {
      connector.open();
    } catch (IOException e) {
      throw Loopback.refusal(address, e);
    }
  }

  private static LocalDynamoDBRequestHandler onDisk(Path folder, ThreadGroup group)
      throws IOException {
    LocalDynamoDBRequestHandler requests =
        new LocalDynamoDBRequestHandler(0, false, folder.toString(), true, false);
    // It would make a store of its own at the first request, and there is no other way to give it
    // one. Its threads must be of the group that is ended with the server.
    FutureTask<LocalDBClient> store =
        new FutureTask<>(
            () ->
                new LocalDBClient(
                    new DurableStore(DatabaseFile.in(folder)),
                    new JobsRegister(Executors.newFixedThreadPool(JOBS), false)));
    new Thread(group, store, "store").start();
    try {
      Field stores = LocalDynamoDBRequestHandler.class.getDeclaredField("dbRequestHandlers");
      stores.setAccessible(true);
      @SuppressWarnings("unchecked")
      Map<String, AmazonDynamoDBLocal> byName =
          (Map<String, AmazonDynamoDBLocal>) stores.get(requests);
      byName.put(DatabaseFile.STORE, store.get());
      return requests;
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("DynamoDB Local 2.6.1 has it", e);
    } catch (ExecutionException e) {
      throw new IOException("its store cannot be opened", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException();
    }
  }

  /// Makes the tables that are missing, with their indexes and streams.
  ///
  /// @throws TableException where a table of an earlier run has another shape, or there can be no
  ///     such table
  public void create(Collection<TableResource> tables) {
    new Tables(client, folder).create(tables);
  }

  public DynamoDbClient client() {
    return client;
  }

  public DynamoDbStreamsClient streams() {
    return streams;
  }

  /// `http://127.0.0.1:<port>`.
  public URI url() {
    return url;
  }

  /// What a function's AWS SDK needs to find these tables rather than AWS.
  public Map<String, String> environment() {
    Map<String, String> environment = new HashMap<>(LocalClients.environment());
    environment.put("AWS_ENDPOINT_URL_DYNAMODB", url.toString());
    return environment;
  }

  /// Ends the clients and the server, and closes the tables' file; requests in flight get a second.
  @Override
  public void close() {
    client.close();
    streams.close();
    http.close();
    stop(server, handler, threads);
  }

  private static void stop(Server server, LocalDynamoDBServerHandler handler, ThreadGroup threads) {
    try {
      server.stop();
    } catch (Exception e) {
      // Whatever the sockets did, the tables must still be closed.
      LoggerFactory.getLogger(LocalDynamoDb.class).debug("DynamoDB Local's server", e);
    } finally {
      handler.close();
      // Its background jobs are told to end but sleep on, for up to minutes and not as daemons.
      // They were started by a request, so they are in the group of the server's threads. One that
      // is between two jobs loses an interrupt, hence more than one.
      long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(STOP_TIMEOUT_MS);
      do {
        threads.interrupt();
        LockSupport.parkNanos(1_000_000);
      } while (threads.activeCount() > 0 && System.nanoTime() - deadline < 0);
    }
  }
}
