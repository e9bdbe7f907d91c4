/// What stands for an AWS account here.
@NullMarked
package dev.parley.local.aws;

import org.jspecify.annotations.NullMarked;
