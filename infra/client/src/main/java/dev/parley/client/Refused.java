package dev.parley.client;

/// The server has refused a request. It has changed nothing.
public final class Refused extends Exception {
  private static final long serialVersionUID = 1L;

  private final String code;

  Refused(String code) {
    super(code, null, false, false);
    this.code = code;
  }

  /// One of those that PROTOCOL.md lists.
  public String code() {
    return code;
  }
}
