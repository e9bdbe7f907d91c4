package dev.parley.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.local.gateway.Client;
import dev.parley.local.json.Json;
import dev.parley.local.lambda.JavaPackage;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What functions reach by the names that they have on AWS, with nothing but what their languages
/// bring along: the local cloud, by TLS that they trust by themselves, and nobody else.
@Timeout(120)
final class FenceTest {
  private static final String SERVICES =
      """
      Messages: {Type: AWS::Serverless::SimpleTable}
      Jobs: {Type: AWS::SQS::Queue}
      """;

  // Each function pushes twice, to the two addresses of its API, and answers what DynamoDB, SQS and
  // a service that is not here have answered.

  private static final String PYTHON =
      """
      import json, os, socket, urllib.request

      SIGNED = {"Authorization": "AWS4-HMAC-SHA256 Credential=a, SignedHeaders=b, Signature=c"}

      def post(url, body, **headers):
          request = urllib.request.Request(url, body.encode(), {**SIGNED, **headers})
          with urllib.request.urlopen(request) as answer:
              return answer.read().decode()

      def ask(host, target):
          return json.loads(post(
              f"https://{host}.us-east-1.amazonaws.com", "{}",
              **{"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.0"}))

      def handler(event, context):
          to = event["requestContext"]
          path = f"/{to['stage']}/@connections/{to['connectionId']}"
          post("https://" + to["domainName"] + path, "by its domain")
          named = f"{os.environ['API']}.execute-api.{os.environ['AWS_REGION']}.amazonaws.com"
          post("https://" + named + path, "by its id")
          tables = ask("dynamodb", "DynamoDB_20120810.ListTables")
          queues = ask("sqs", "AmazonSQS.ListQueues")
          try:
              refused = post("https://dynamodb.eu-west-1.amazonaws.com", "{}")
          except OSError as e:
              refused = str(e)
          other = socket.getaddrinfo("localhost", 443)[0][4][1]
          told = {"tables": tables, "queues": queues, "refused": refused, "other": other}
          return {"statusCode": 200, "body": json.dumps(told)}
      """;

  private static final String NODE =
      """
      const https = require('node:https');
      const signed = {
        Authorization: 'AWS4-HMAC-SHA256 Credential=a, SignedHeaders=b, Signature=c',
      };

      async function post(url, body, headers = {}) {
        const all = { ...signed, ...headers };
        const answer = await fetch(url, { method: 'POST', body, headers: all });
        if (!answer.ok) throw new Error(await answer.text());
        return answer.text();
      }

      const ask = async (host, target) => JSON.parse(
        await post(`https://${host}.us-east-1.amazonaws.com`, '{}', {
          'X-Amz-Target': target,
          'Content-Type': 'application/x-amz-json-1.0',
        }));

      const posted = (url, body) => new Promise((resolve, reject) => {
        const request = https.request(url, { method: 'POST', headers: signed }, (answer) => {
          answer.resume();
          answer.on('end', () => resolve(answer.statusCode));
        });
        request.on('error', reject);
        request.end(body);
      });

      exports.handler = async (event) => {
        const to = event.requestContext;
        const path = `/${to.stage}/@connections/${to.connectionId}`;
        await post(`https://${to.domainName}${path}`, 'by its domain');
        const { API, AWS_REGION } = process.env;
        await posted(`https://${API}.execute-api.${AWS_REGION}.amazonaws.com${path}`, 'by its id');
        const tables = await ask('dynamodb', 'DynamoDB_20120810.ListTables');
        const queues = await ask('sqs', 'AmazonSQS.ListQueues');
        const refused = await post('https://dynamodb.eu-west-1.amazonaws.com', '{}').catch(
          (error) => String(error.cause ?? error));
        const body = JSON.stringify({ tables, queues, refused, other: 443 });
        return { statusCode: 200, body };
      };
      """;

  private static final String JAVA =
      """
      package fn;

      import java.io.*;
      import java.net.*;
      import java.nio.channels.SocketChannel;
      import java.util.*;

      public class Fn {
        private static String post(String url, String body, String... headers) throws IOException {
          HttpURLConnection http = (HttpURLConnection) new URL(url).openConnection();
          http.setRequestMethod("POST");
          http.setDoOutput(true);
          http.setRequestProperty(
              "Authorization", "AWS4-HMAC-SHA256 Credential=a, SignedHeaders=b, Signature=c");
          for (int i = 0; i < headers.length; i += 2) {
            http.setRequestProperty(headers[i], headers[i + 1]);
          }
          http.getOutputStream().write(body.getBytes("UTF-8"));
          try (Scanner answer = new Scanner(http.getInputStream(), "UTF-8").useDelimiter("\\\\A")) {
            return answer.hasNext() ? answer.next() : "";
          }
        }

        private static String ask(String host, String target) throws IOException {
          return post(
              "https://" + host + ".us-east-1.amazonaws.com",
              "{}",
              "X-Amz-Target",
              target,
              "Content-Type",
              "application/x-amz-json-1.0");
        }

        @SuppressWarnings("unchecked")
        public Map<String, Object> handle(Map<String, Object> event) throws Exception {
          Map<String, Object> to = (Map<String, Object>) event.get("requestContext");
          String path = "/" + to.get("stage") + "/@connections/" + to.get("connectionId");
          post("https://" + to.get("domainName") + path, "by its domain");
          String named =
              System.getenv("API")
                  + ".execute-api."
                  + System.getenv("AWS_REGION")
                  + ".amazonaws.com";
          post("https://" + named + path, "by its id");
          String tables = ask("dynamodb", "DynamoDB_20120810.ListTables");
          String queues = ask("sqs", "AmazonSQS.ListQueues");
          String refused;
          try {
            refused = InetAddress.getByName("dynamodb.eu-west-1.amazonaws.com.").toString();
          } catch (IOException e) {
            refused = e.getMessage();
          }
          int port;
          try (SocketChannel channel = SocketChannel.open(new InetSocketAddress(named, 443))) {
            port = ((InetSocketAddress) channel.getRemoteAddress()).getPort();
          }
          boolean here = to.get("domainName").toString().endsWith(":" + port);
          Map<String, Object> result = new HashMap<>();
          result.put("statusCode", 200);
          result.put(
              "body",
              "{\\"tables\\":" + tables + ",\\"queues\\":" + queues + ",\\"refused\\":\\""
                  + refused + "\\",\\"other\\":" + (here ? 443 : port) + "}");
          return result;
        }
      }
      """;

  private static final String REFUSAL =
      "dynamodb.eu-west-1.amazonaws.com is not served here, and no function reaches the real AWS";

  @TempDir private Path folder = Path.of("");

  @Test
  void aFunctionInPythonReachesTheLocalCloudOnly() throws Exception {
    Files.writeString(folder.resolve("app.py"), PYTHON);

    assertReachesTheLocalCloudOnly("Runtime: python3.12\nHandler: app.handler\nCodeUri: .");
  }

  @Test
  void aFunctionInNodeReachesTheLocalCloudOnly() throws Exception {
    Files.writeString(folder.resolve("app.js"), NODE);

    assertReachesTheLocalCloudOnly("Runtime: nodejs20.x\nHandler: app.handler\nCodeUri: .");
  }

  @Test
  void aFunctionInJavaReachesTheLocalCloudOnly() throws Exception {
    JavaPackage.compile(folder.resolve("classes"), Map.of("fn/Fn.java", JAVA));

    assertReachesTheLocalCloudOnly("Runtime: java21\nHandler: fn.Fn::handle\nCodeUri: classes");
  }

  private void assertReachesTheLocalCloudOnly(String function) throws Exception {
    Path template =
        OneFunction.template(
            folder,
            SERVICES,
            "Timeout: 30\nEnvironment: {Variables: {API: !Ref Api}}\n" + function);
    Options options = Options.inMemory(template).withTls(folder.resolve("tls"));
    try (LocalCloud cloud = OneFunction.start(options)) {
      URI url = URI.create("ws://localhost:%d/test".formatted(cloud.port()));
      Client client = Client.connect(HttpClient.newHttpClient(), url);
      client.send("go");

      assertEquals("by its domain", client.receive());
      assertEquals("by its id", client.receive());
      JsonNode told = Json.MAPPER.readTree(client.receive());
      assertEquals("[\"Messages\"]", told.at("/tables/TableNames").toString());
      assertEquals(
          "[\"https://sqs.us-east-1.amazonaws.com/000000000000/Jobs\"]",
          told.at("/queues/QueueUrls").toString());
      assertTrue(told.path("refused").asText().contains(REFUSAL), told::toString);
      assertEquals(443, told.path("other").asInt(), told::toString);
    }
  }
}
