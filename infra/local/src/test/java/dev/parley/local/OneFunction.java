package dev.parley.local;

import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// A template with one function, to which each frame comes, and whose result goes back.
final class OneFunction {
  private static final String TEMPLATE =
      """
      Transform: AWS::Serverless-2016-10-31
      Resources:
        Api:
          Type: AWS::Serverless::WebSocketApi
          Properties:
            RouteSelectionExpression: $request.body.action
            StageName: test
            Routes:
              $default:
                FunctionArn: !GetAtt Fn.Arn
                RouteResponseSelectionExpression: $default
        Reply:
          Type: AWS::ApiGatewayV2::RouteResponse
          Properties: {ApiId: !Ref Api, RouteId: !Ref ApiDefaultRoute, RouteResponseKey: $default}
      """;

  private OneFunction() {}

  /// @param resources more of them, as YAML that begins with a logical id; empty for none
  /// @param properties the function's, as YAML
  static Path template(Path folder, String resources, String properties) throws IOException {
    String function = "Fn:\n  Type: AWS::Serverless::Function\n  Properties:\n";
    return Files.writeString(
        folder.resolve("template.yaml"),
        TEMPLATE + resources.indent(2) + function.indent(2) + properties.indent(6));
  }

  /// Starts it; where the machine lacks the function's language, the test is skipped with the words
  /// that a user gets.
  static LocalCloud start(Options options) throws StartException {
    try {
      return LocalCloud.start(options);
    } catch (StartException e) {
      String message = String.valueOf(e.getMessage());
      if (message.endsWith(": install it")) {
        return abort(message);
      }
      throw e;
    }
  }
}
