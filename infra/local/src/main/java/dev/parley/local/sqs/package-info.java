/// SQS: the queues of the template, and event source mappings from them.
@NullMarked
package dev.parley.local.sqs;

import org.jspecify.annotations.NullMarked;
