package dev.parley.e2e;

/// What test classes that run side by side in this process have in common: who looks at all of it,
/// or changes it, has it alone. Classes that wait most of their time run beside the others.
final class Together {
  /// The calls of functions that run here, which [CallRecorder] records.
  static final String CALLS = "calls";

  /// What is logged here, and at which levels.
  static final String LOG = "log";

  /// Browsers that tests drive beside those of other classes: one at a time is enough for a small
  /// machine, and its tests run one after another.
  static final String PAGES = "pages";

  private Together() {}
}
