package dev.parley.wire;

import dev.parley.platform.Trace;
import java.time.Instant;

/// A message whose send was traced, on its way to the members.
///
/// @param at which of the events that travel with it is the message, from 0
/// @param message its id
/// @param context where its trace goes on
/// @param since when it was handed to the stream or the queue that it came from
/// @param jobs the number of push jobs, this one included, that may still add to its trace
public record Traced(int at, String message, Trace.Context context, Instant since, int jobs) {
  /// A part of a push job's trace takes about 2 KB, and X-Ray takes 500 KB a trace.
  public static final int JOBS_MAX = 64;

  Traced at(int place) {
    return new Traced(place, message, context, since, jobs);
  }

  /// What one of several jobs has of the jobs that are left after this one.
  Traced share(int job, int of) {
    int left = jobs - 1;
    return new Traced(at, message, context, since, left / of + (job < left % of ? 1 : 0));
  }
}
