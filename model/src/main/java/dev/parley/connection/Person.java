package dev.parley.connection;

/// A user who is in a room, by one connection or several.
///
/// @param sender the display name of the newest connection
/// @param connections at least 1
public record Person(String user, String sender, int connections) {}
