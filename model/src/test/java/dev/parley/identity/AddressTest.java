package dev.parley.identity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import org.junit.jupiter.api.Test;

class AddressTest {
  @Test
  void anIpv4AddressBelongsToItself() {
    assertEquals("203.0.113.7", network("203.0.113.7"));
    assertEquals("", network(""));
  }

  @Test
  void anIpv6AddressBelongsToItsFirst64Bits() {
    assertEquals(network("2001:db8:1:2::7"), network("2001:DB8:1:2:ffff:a:b:c"));
    assertEquals(network("2001:db8:0:2::"), network("2001:0db8:0000:0002:1:2:3:4"));
    assertEquals(network("2001:db8::1:2:3:4"), network("2001:db8:0:0:1:2:3:4"));
    assertEquals(network("::1"), network("::2"));
    assertNotEquals(network("2001:db8:1:2::7"), network("2001:db8:1:3::7"));
    assertNotEquals(network("2001:db8::7"), network("2001:db9::7"));
  }

  /// The zeros may stand for any of the groups.
  @Test
  void groupsBehindTheZerosAreOfTheNetworkWhereTheyAreInIt() {
    assertEquals("0:0:1:2:", network("::1:2:3:4:5:6"));
    assertEquals("1:0:0:0:", network("1::"));
    assertEquals("1:0:3:4:", network("1::3:4:5:6:7:8"));
  }

  @Test
  void whatIsNoAddressBelongsToItself() {
    assertEquals("test", network("test"));
    assertEquals(":x", network(":x"));
  }

  private static String network(String address) {
    return new Address(address).network();
  }
}
