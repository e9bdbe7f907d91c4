package dev.parley.local.template;

import dev.parley.local.eventsource.EventFilter;
import java.time.Duration;

/// A function's event of type `SQS`, or an `AWS::Lambda::EventSourceMapping`: a queue, invoking the
/// function in batches.
///
/// @param logicalId the function's logical id followed by the event's, as SAM names the mapping
/// @param function the function's logical id
/// @param queue the queue it reads
/// @param batchSize 1 to 10,000 messages; at most 10 of a FIFO queue
/// @param batchingWindow 0 s to 300 s to gather them; 0 s for a FIFO queue
/// @param concurrencyMax how many batches may be in flight, 2 to 1,000, or 0 where the template
///     leaves it open
/// @param reportsItemFailures whether the function's result names the messages that failed
/// @param filter on `body`; a message that does not match is deleted undelivered
public record QueueMappingResource(
    String logicalId,
    String function,
    QueueResource queue,
    int batchSize,
    Duration batchingWindow,
    int concurrencyMax,
    boolean reportsItemFailures,
    EventFilter filter) {}
