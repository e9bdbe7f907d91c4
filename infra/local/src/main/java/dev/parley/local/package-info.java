/// The local cloud: one JVM that runs infra/template.yaml. It knows nothing of the chat.
@NullMarked
package dev.parley.local;

import org.jspecify.annotations.NullMarked;
