package dev.parley.local.template;

/// A template that the local cloud cannot run. The message is for the user: it names the resource
/// and the property, what is wrong, and the line, for example
/// `ChatApi.Properties.Routes.join.ApiKeyRequired: the local cloud does not honour this property
/// (template.yaml:57)`.
public final class TemplateException extends RuntimeException {
  public TemplateException(String message) {
    super(message);
  }
}
