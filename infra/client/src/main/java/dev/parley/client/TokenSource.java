package dev.parley.client;

import java.io.IOException;

/// Gives tokens by which a user signs in.
@FunctionalInterface
public interface TokenSource {
  /// A token that has long to live. It is asked for before each attempt to connect, and before the
  /// one that was given last expires.
  ///
  /// @throws IOException where there is none now; it is asked again after a while
  String token() throws IOException, InterruptedException;
}
