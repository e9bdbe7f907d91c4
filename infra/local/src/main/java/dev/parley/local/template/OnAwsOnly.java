package dev.parley.local.template;

import dev.parley.local.aws.LocalAccount;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Resources that have no effect here, whatever they say: what serves a page on AWS, since the
/// gateway serves the site; who may do what, since nobody asks; logs, alarms and keys; names in the
/// DNS. What refers to them gets a name.
final class OnAwsOnly implements References {
  /// Each type with its attributes.
  private static final Map<String, List<String>> ATTRIBUTES =
      Map.of(
          "AWS::S3::Bucket", List.of("Arn", "DomainName", "RegionalDomainName", "WebsiteURL"),
          "AWS::S3::BucketPolicy", List.of(),
          "AWS::CloudFront::Distribution", List.of("DomainName", "Id"),
          "AWS::CloudFront::OriginAccessControl", List.of("Id"),
          "AWS::CloudFront::OriginRequestPolicy", List.of("Id"),
          "AWS::CloudFront::ResponseHeadersPolicy", List.of("Id"),
          "AWS::Lambda::Permission", List.of("Id"),
          "AWS::Lambda::EventInvokeConfig", List.of(),
          "AWS::Lambda::LayerVersionPermission", List.of(),
          "AWS::SQS::QueuePolicy", List.of("Id"));

  /// What types begin with that have any attribute.
  private static final List<String> KINDS =
      List.of(
          "AWS::ApiGateway::Account",
          "AWS::ApiGatewayV2::ApiMapping",
          "AWS::ApiGatewayV2::DomainName",
          "AWS::ApplicationAutoScaling::",
          "AWS::CDK::Metadata",
          "AWS::CertificateManager::",
          "AWS::CloudFront::CloudFrontOriginAccessIdentity",
          "AWS::CloudWatch::",
          "AWS::IAM::",
          "AWS::KMS::",
          "AWS::Logs::",
          "AWS::Route53::",
          "AWS::XRay::");

  private static final String CUSTOM = "Custom::";

  private final String type;

  private OnAwsOnly(String type) {
    this.type = type;
  }

  static boolean covers(String type) {
    return ATTRIBUTES.containsKey(type) || hasAnyAttribute(type);
  }

  private static boolean hasAnyAttribute(String type) {
    return type.startsWith(CUSTOM)
        || type.equals("AWS::CloudFormation::CustomResource")
        || KINDS.stream().anyMatch(type::startsWith);
  }

  /// @param type that is covered
  static References of(String type) {
    return new OnAwsOnly(type);
  }

  /// Whatever a custom resource answers is an attribute of it.
  @Override
  public @Nullable String attribute(String logicalId, String attribute) {
    if (type.equals("AWS::CloudWatch::Alarm")) {
      return attribute.equals("Arn") ? LocalAccount.alarmArn(logicalId) : null;
    }
    if (type.equals("AWS::IAM::Role") && attribute.equals("Arn")) {
      return LocalAccount.roleArn(logicalId);
    }
    return hasAnyAttribute(type) || ATTRIBUTES.getOrDefault(type, List.of()).contains(attribute)
        ? (logicalId + "." + attribute).toLowerCase(Locale.ROOT)
        : null;
  }
}
