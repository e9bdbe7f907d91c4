/// Functions, called in process with events that went through Lambda's own serializer.
@NullMarked
package dev.parley.local.lambda;

import org.jspecify.annotations.NullMarked;
