/// The deployment template, read and resolved: the only thing the local cloud starts from.
@NullMarked
package dev.parley.local.template;

import org.jspecify.annotations.NullMarked;
