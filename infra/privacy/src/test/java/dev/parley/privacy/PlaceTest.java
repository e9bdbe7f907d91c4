package dev.parley.privacy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.parley.table.Row;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PlaceTest {
  @Test
  void aPlaceIsReadAsItIsPrinted() {
    for (Place place :
        new Place[] {
          Place.beginning(),
          new Place(Store.ROOMS, Map.of()),
          new Place(
              Store.MESSAGES,
              Map.of("room_id", Row.s("lobby"), "timestamp", Row.n(1_795_000_000_000_001L))),
          new Place(Store.SENDS, Map.of("send_id", Row.s("lobby#a#\"b\"#c")))
        }) {
      assertEquals(place, Place.parse(place.toString()));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "MESSAGES",
        "NOTHING:e30",
        "MESSAGES:!",
        "MESSAGES:bm8",
        "MESSAGES:eyJhIjoxfQ"
      })
  void whatNoRunHasPrintedIsRefused(String text) {
    assertThrows(IllegalArgumentException.class, () -> Place.parse(text));
  }
}
