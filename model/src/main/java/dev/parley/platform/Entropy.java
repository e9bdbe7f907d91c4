package dev.parley.platform;

import java.security.SecureRandom;

/// Random numbers of the operating system. A generator with a seed would give the same ones to all
/// functions that are restored from one snapshot.
public final class Entropy {
  public static final SecureRandom RANDOM = new SecureRandom();

  private Entropy() {}
}
