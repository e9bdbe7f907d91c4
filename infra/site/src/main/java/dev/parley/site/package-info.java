/// Puts the page into the bucket that CloudFront serves it from, when CloudFormation asks for it.
@NullMarked
package dev.parley.site;

import org.jspecify.annotations.NullMarked;
