/// What all functions share: their settings, and the steps in their traces.
@NullMarked
package dev.parley.lambda;

import org.jspecify.annotations.NullMarked;
