/// What all tables share: rows with typed attributes, transactions and batches.
@NullMarked
package dev.parley.table;

import org.jspecify.annotations.NullMarked;
