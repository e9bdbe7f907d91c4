/// Event source mappings from DynamoDB Streams.
@NullMarked
package dev.parley.local.streams;

import org.jspecify.annotations.NullMarked;
