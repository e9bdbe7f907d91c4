package dev.parley.local.streams;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EventFilterTest {
  private static final String EVENT =
      """
      {"eventName": "INSERT", "size": 10, "dynamodb": {"NewImage": {"room": {"S": "Lobby"},
       "hidden": {"BOOL": false}, "gone": {"NULL": true}}}}\
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
      })
  void anEventPassesWhereLambdaWouldLetItPass(String pattern, boolean passes) throws Exception {
    EventFilter filter = EventFilter.of(List.of(pattern.replace('\'', '"')));

    assertEquals(passes, filter.matches(new ObjectMapper().readTree(EVENT)));
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
        "{'$or': [{'a': ['b']}]}",
      })
  void aPatternThatCannotBeHonouredIsRefused(String pattern) {
    assertThrows(
        IllegalArgumentException.class, () -> EventFilter.of(List.of(pattern.replace('\'', '"'))));
  }
}
