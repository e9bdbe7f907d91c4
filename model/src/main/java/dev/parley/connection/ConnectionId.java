package dev.parley.connection;

import java.util.regex.Pattern;

/// API Gateway's id of a connection, for example `L0SM9cOFvHcCIhw=`. Other members are never told
/// it.
public record ConnectionId(String value) {
  private static final Pattern ID = Pattern.compile("[A-Za-z0-9+/=_-]{1,128}");

  public ConnectionId {
    if (!ID.matcher(value).matches()) {
      throw new IllegalArgumentException("a connection id is 1 to 128 of A-Za-z0-9+/=_-");
    }
  }

  @Override
  public String toString() {
    return value;
  }
}
