package dev.parley.client;

import java.util.List;

/// What is shown of a room: all messages that it has from a timestamp on.
///
/// @param from where it begins; 0 where there is nothing older
/// @param messages ascending, each once
/// @param complete false where retention has removed what was before the first message
public record Stretch(long from, List<Message> messages, boolean complete) {}
