package dev.parley.local.template;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What serves a page on AWS: buckets, distributions, and custom resources that bring the files.
/// Here the gateway serves the site, so that these have no effect, whatever they say; what refers
/// to them gets a name. So do managed policies: here nobody asks what a role may do.
final class OnAwsOnly implements References {
  /// Each type with its attributes.
  private static final Map<String, List<String>> ATTRIBUTES =
      Map.of(
          "AWS::S3::Bucket", List.of("Arn", "DomainName", "RegionalDomainName"),
          "AWS::S3::BucketPolicy", List.of(),
          "AWS::CloudFront::Distribution", List.of("DomainName", "Id"),
          "AWS::CloudFront::OriginAccessControl", List.of("Id"),
          "AWS::CloudFront::OriginRequestPolicy", List.of("Id"),
          "AWS::CloudFront::ResponseHeadersPolicy", List.of("Id"),
          "AWS::IAM::ManagedPolicy", List.of());

  private static final String CUSTOM = "Custom::";

  private final String type;

  private OnAwsOnly(String type) {
    this.type = type;
  }

  static boolean covers(String type) {
    return ATTRIBUTES.containsKey(type) || isCustom(type);
  }

  private static boolean isCustom(String type) {
    return type.startsWith(CUSTOM) || type.equals("AWS::CloudFormation::CustomResource");
  }

  /// @param type that is covered
  static References of(String type) {
    return new OnAwsOnly(type);
  }

  /// Whatever a custom resource answers is an attribute of it.
  @Override
  public @Nullable String attribute(String logicalId, String attribute) {
    return isCustom(type) || ATTRIBUTES.getOrDefault(type, List.of()).contains(attribute)
        ? (logicalId + "." + attribute).toLowerCase(Locale.ROOT)
        : null;
  }
}
