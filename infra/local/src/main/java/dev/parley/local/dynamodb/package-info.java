/// DynamoDB Local: the server, the template's tables, and what it leaves undone (TTL).
@NullMarked
package dev.parley.local.dynamodb;

import org.jspecify.annotations.NullMarked;
