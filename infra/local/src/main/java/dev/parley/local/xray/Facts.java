package dev.parley.local.xray;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/// What a filter expression is asked of: a trace, a segment of it, or a call between two.
interface Facts {
  /// How keywords of annotations begin.
  String ANNOTATION = "annotation.";

  /// The values of a keyword of filter expressions, in lower case apart from annotations' keys;
  /// none where it is not set.
  List<JsonNode> values(String keyword);
}
