package dev.parley.connection;

/// How a connection takes events that are pushed to it together.
///
/// It is known before anything is pushed, from the flag of a membership's [Slot], which the index
/// has.
public enum Framing {
  /// One event in each frame, so that a client may read each frame as one JSON object.
  SINGLE('.'),

  /// Several in one frame, as an array: `?batch=true`. A burst takes fewer pushes.
  BATCHED(',');

  private final char flag;

  Framing(char flag) {
    this.flag = flag;
  }

  /// The slot's flag.
  String flag() {
    return String.valueOf(flag);
  }

  /// @param flag any; whoever wrote another did not say how
  static Framing of(String flag) {
    return flag.equals(BATCHED.flag()) ? BATCHED : SINGLE;
  }
}
