package dev.parley.local.eventsource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EventFilterTest {
  private static final String EVENT =
      """
      {"eventName": "INSERT", "size": 10, "dynamodb": {"NewImage": {"room": {"S": "Lobby"},
       "hidden": {"BOOL": false}, "gone": {"NULL": true}, "empty": {"S": ""},
       "age": {"N": "41"}, "tags": {"SS": ["red", "blue"]},
       "list": {"L": [{"S": "one"}, {"N": "2"}]}}}, "nothing": null}\
      """;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'eventName': ['INSERT', 'REMOVE']}                        | true",
        "{'eventName': ['MODIFY']}                                  | false",
        "{'eventName': ['INSERT'], 'size': [11]}                    | false",
        "{'size': [10.0]}                                           | true",
        "{'size': [{'numeric': ['>', 5, '<=', 10]}]}                | true",
        "{'size': [{'numeric': ['>', 10]}]}                         | false",
        "{'eventName': [{'numeric': ['=', 10]}]}                    | false",
        "{'dynamodb': {'NewImage': {'room': {'S': ['Lobby']}}}}     | true",
        "{'dynamodb': {'NewImage': {'room': {'S': ['lobby']}}}}     | false",
        "{'dynamodb': {'NewImage': {'room': {'S': [{'equals-ignore-case': 'lobby'}]}}}} | true",
        "{'dynamodb': {'NewImage': {'room': {'S': [{'prefix': 'Lo'}]}}}}       | true",
        "{'dynamodb': {'NewImage': {'room': {'S': [{'suffix': 'Lo'}]}}}}       | false",
        "{'dynamodb': {'NewImage': {'room': {'S': [{'anything-but': ['Lobby']}]}}}} | false",
        "{'dynamodb': {'NewImage': {'room': {'S': [{'anything-but': 'Hall'}]}}}}    | true",
        "{'dynamodb': {'NewImage': {'room': {'S': [{'exists': true}]}}}}       | true",
        "{'dynamodb': {'NewImage': {'slot': {'S': [{'exists': false}]}}}}      | true",
        "{'dynamodb': {'NewImage': {'slot': {'S': [{'exists': true}]}}}}       | false",
        "{'dynamodb': {'NewImage': {'hidden': {'BOOL': [false]}}}}             | true",
        "{'nothing': [null]}                                                   | true",
        "{'missing': [null]}                                                   | false",
        "{'dynamodb': {'NewImage': {'empty': {'S': ['']}}}}                    | true",
        "{'dynamodb': {'NewImage': {'slot': {'S': [{'anything-but': ['a']}]}}}} | false",
        "{'dynamodb': {'NewImage': {'room': [{'exists': true}]}}}              | false",
        "{'dynamodb': {'NewImage': {'age': {'N': ['41']}}}}                    | true",
        "{'dynamodb': {'NewImage': {'age': {'N': [41]}}}}                      | false",
        "{'dynamodb': {'NewImage': {'age': {'N': [{'numeric': ['>', 0]}]}}}}   | false",
        "{'dynamodb': {'NewImage': {'tags': {'SS': ['blue']}}}}                | true",
        "{'dynamodb': {'NewImage': {'tags': {'SS': ['green']}}}}               | false",
        "{'dynamodb': {'NewImage': {'list': {'L': {'S': ['one']}}}}}           | true",
        "{'$or': [{'eventName': ['MODIFY']}, {'size': [10]}]}                  | true",
        "{'$or': [{'eventName': ['MODIFY']}, {'size': [11]}]}                  | false",
        "{'eventName': ['INSERT'], '$or': [{'size': [9]}, {'size': [10]}]}     | true",
      })
  void anEventPassesWhereLambdaWouldLetItPass(String pattern, boolean passes) {
    EventFilter filter = EventFilter.of(List.of(pattern.replace('\'', '"')));

    assertEquals(passes, filter.matches(EVENT));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "not JSON",
        "{}",
        "{'a': 'b'}",
        "{'a': []}",
        "{'a': [{'cidr': '10.0.0.0/24'}]}",
        "{'a': [{'prefix': 1}]}",
        "{'a': [{'numeric': ['>']}]}",
        "{'a': [{'anything-but': {'prefix': 'b'}}]}",
        "{'a': [{'prefix': {'equals-ignore-case': 'b'}}]}",
        "{'a': [{'wildcard': '*b'}]}",
        "{'$or': [{'a': [{'wildcard': '*b'}]}, {'a': ['b']}]}",
        "{'a': {'b': [{'wildcard': '*b'}]}}",
        "{'$or': [{'a': ['b']}]}",
        "{'a': [['b']]}",
        "{'a': [{'exists': 'true'}]}",
        "{'a': [{'numeric': ['>', 5, '<', 3]}]}",
        "{'a': [{'prefix': 'b', 'suffix': 'c'}]}",
        "{'a': ['b']} more",
        "['a']",
      })
  void aPatternThatLambdaWouldRefuseIsRefused(String pattern) {
    assertThrows(
        IllegalArgumentException.class, () -> EventFilter.of(List.of(pattern.replace('\'', '"'))));
  }

  @Test
  void aQueuesPatternIsOnTheBody() {
    EventFilter.onBody(List.of("{\"$or\":[{\"body\":{\"n\":[1]}},{\"body\":[\"text\"]}]}"));

    for (String pattern :
        List.of("{\"messageId\":[\"a\"]}", "{\"$or\":[{\"body\":[\"a\"]},{\"n\":[1]}]}")) {
      assertThrows(IllegalArgumentException.class, () -> EventFilter.onBody(List.of(pattern)));
    }
  }

  @Test
  void anEventPassesWhereAnyPatternMatchesOrWhereThereIsNone() {
    EventFilter either = EventFilter.of(List.of("{\"eventName\":[\"MODIFY\"]}", "{\"size\":[10]}"));

    assertTrue(either.matches(EVENT));
    assertFalse(either.matches("{\"eventName\":\"REMOVE\"}"));
    assertTrue(EventFilter.NONE.matches("{}"));
  }
}
