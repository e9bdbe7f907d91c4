package dev.parley.wire;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.parley.Limits;
import dev.parley.connection.Framing;
import dev.parley.room.Timestamp;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Events of one room that travel together, in order. Each was encoded once, and is passed on as
/// the line of JSON that it is: in a frame, in a job of a queue, and in a frame again.
///
/// Immutable, and safe for use by many threads.
public final class Events {
  /// As many ids as one line of the log names: at most 1.3 KB.
  private static final int MESSAGE_IDS_MAX = 20;

  private final List<byte[]> lines;
  private final @Nullable Timestamp oldest;
  private final List<String> messageIds;
  private final List<Traced> traced;
  private final int bytes;

  /// What [#lines] gives, once it was asked for.
  private @Nullable String text;

  private Events(
      List<byte[]> lines,
      @Nullable Timestamp oldest,
      List<String> messageIds,
      List<Traced> traced) {
    this.lines = List.copyOf(lines);
    this.oldest = oldest;
    this.messageIds = List.copyOf(messageIds);
    this.traced = List.copyOf(traced);
    this.bytes = lines.stream().mapToInt(Events::size).sum();
  }

  public static Events of(List<Event> events) {
    return new Events(
        events.stream().map(Event::json).toList(),
        events.stream()
            .flatMap(event -> event.timestamp().stream())
            .min(Comparator.naturalOrder())
            .orElse(null),
        events.stream()
            .flatMap(event -> event.messageId().stream())
            .limit(MESSAGE_IDS_MAX)
            .toList(),
        IntStream.range(0, events.size())
            .boxed()
            .flatMap(at -> events.get(at).traced().map(message -> message.at(at)).stream())
            .toList());
  }

  /// Events as [#lines] gave them, without what else was known of them.
  public static Events of(Stream<String> lines, @Nullable Timestamp oldest) {
    return of(lines, oldest, List.of(), List.of());
  }

  /// Events as [#lines] gave them.
  ///
  /// @param oldest what [#oldest] gave, or null
  /// @param messageIds what [#messageIds] gave
  /// @param traced what [#traced] gave
  /// @throws IndexOutOfBoundsException where one of the traced messages is none of the events
  public static Events of(
      Stream<String> lines,
      @Nullable Timestamp oldest,
      List<String> messageIds,
      List<Traced> traced) {
    List<byte[]> events = lines.map(line -> line.getBytes(UTF_8)).toList();
    traced.forEach(message -> Objects.checkIndex(message.at(), events.size()));
    return new Events(events, oldest, messageIds, traced);
  }

  /// These, then those.
  public Events and(Events later) {
    return new Events(
        Stream.concat(lines.stream(), later.lines.stream()).toList(),
        Stream.of(oldest(), later.oldest())
            .flatMap(Optional::stream)
            .min(Comparator.naturalOrder())
            .orElse(null),
        Stream.concat(messageIds.stream(), later.messageIds.stream())
            .limit(MESSAGE_IDS_MAX)
            .toList(),
        Stream.concat(
                traced.stream(),
                later.traced.stream().map(message -> message.at(message.at() + count())))
            .toList());
  }

  /// The messages whose sends were traced, in order.
  public List<Traced> traced() {
    return traced;
  }

  /// The same events, of which at most some count as traced: the first.
  public Events tracing(int max) {
    return traced.size() <= max ? this : with(traced.subList(0, max));
  }

  /// These events for one of several jobs. A traced message stays traced in as many jobs as its
  /// budget allows. All share [#lines].
  ///
  /// @param job from 0
  public Events share(int job, int of) {
    if (traced.isEmpty()) {
      return this;
    }
    lines(); // once for all jobs
    return with(
        traced.stream()
            .map(message -> message.share(job, of))
            .filter(message -> message.jobs() > 0)
            .toList());
  }

  private Events with(List<Traced> some) {
    Events events = new Events(lines, oldest, messageIds, some);
    events.text = text;
    return events;
  }

  public boolean isEmpty() {
    return lines.isEmpty();
  }

  public int count() {
    return lines.size();
  }

  /// The size of all lines in UTF-8, each with its line break.
  public int bytes() {
    return bytes;
  }

  /// The timestamp of the oldest message; nothing where there is no message, or it is not known.
  public Optional<Timestamp> oldest() {
    return Optional.ofNullable(oldest);
  }

  /// The ids of the first messages, at most 20. Parts of events that were cut have those of all.
  public List<String> messageIds() {
    return messageIds;
  }

  /// One line for each event, with line breaks between them. The jobs of all segments share it.
  public String lines() {
    String known = text;
    if (known == null) {
      known = lines.stream().map(line -> new String(line, UTF_8)).collect(Collectors.joining("\n"));
      text = known;
    }
    return known;
  }

  /// What is pushed at once: one JSON value.
  ///
  /// @param events how many of them it has
  @SuppressWarnings("ArrayRecordComponent") // nobody compares them
  public record Frame(byte[] json, int events) {}

  /// In order, each event as it is; batched, as few frames as 32 KB each allow, several events as
  /// an array.
  public List<Frame> frames(Framing framing) {
    return switch (framing) {
      case SINGLE -> lines.stream().map(line -> new Frame(line, 1)).toList();
      case BATCHED -> batches().map(part -> new Frame(frame(part), part.size())).toList();
    };
  }

  /// How many [#frames] there are.
  public int frameCount(Framing framing) {
    return framing == Framing.SINGLE ? count() : (int) batches().count();
  }

  private Stream<List<byte[]>> batches() {
    // The brackets of an array take two bytes, and there is one comma less than events.
    return split(Limits.FRAME_BYTES_MAX - 1);
  }

  /// The events behind the first ones, at least one: what somebody lacks who took so many.
  public Events after(int events) {
    return events == 0 ? this : part(events, count());
  }

  /// These events in as few parts as the bound allows, in order. An event that is larger by itself
  /// is a part of its own.
  ///
  /// @param bytesMax of each part, as [#bytes] counts
  public List<Events> chunks(int bytesMax) {
    return bytes <= bytesMax ? List.of(this) : parts(split(bytesMax).toList());
  }

  private List<Events> parts(List<List<byte[]>> split) {
    List<Events> parts = new ArrayList<>();
    int from = 0;
    for (List<byte[]> part : split) {
      parts.add(part(from, from + part.size()));
      from += part.size();
    }
    return parts;
  }

  private Events part(int from, int to) {
    return new Events(
        lines.subList(from, to),
        oldest,
        messageIds,
        traced.stream()
            .filter(message -> message.at() >= from && message.at() < to)
            .map(message -> message.at(message.at() - from))
            .toList());
  }

  private Stream<List<byte[]>> split(int bytesMax) {
    List<List<byte[]>> parts = new ArrayList<>();
    List<byte[]> part = new ArrayList<>();
    int taken = 0;
    for (byte[] line : lines) {
      if (!part.isEmpty() && taken + size(line) > bytesMax) {
        parts.add(part);
        part = new ArrayList<>();
        taken = 0;
      }
      part.add(line);
      taken += size(line);
    }
    if (!part.isEmpty()) {
      parts.add(part);
    }
    return parts.stream();
  }

  private static byte[] frame(List<byte[]> events) {
    if (events.size() == 1) {
      return events.getFirst();
    }
    ByteArrayOutputStream array = new ByteArrayOutputStream();
    char separator = '[';
    for (byte[] event : events) {
      array.write(separator);
      array.writeBytes(event);
      separator = ',';
    }
    array.write(']');
    return array.toByteArray();
  }

  private static int size(byte[] line) {
    return line.length + 1;
  }
}
