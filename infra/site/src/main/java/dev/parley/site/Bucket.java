package dev.parley.site;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.DeleteObjectsResponse;
import software.amazon.awssdk.services.s3.model.ObjectIdentifier;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.model.S3Object;

/// The page's bucket.
final class Bucket {
  private static final int FORBIDDEN = 403;
  private static final Duration PAUSE = Duration.ofMillis(500);

  /// What one DeleteObjects takes.
  private static final int REMOVALS_MAX = 1_000;

  private final S3Client s3;
  private final String name;
  private final long patienceEndNanos;

  /// @param patience how long to try what is not allowed: a role that was just made is not known
  ///     everywhere at once
  Bucket(S3Client s3, String name, Duration patience) {
    this.s3 = s3;
    this.name = name;
    this.patienceEndNanos = System.nanoTime() + patience.toNanos();
  }

  /// The ETag of each object, by key.
  Map<String, String> etags() throws InterruptedException {
    return patiently(
        () -> {
          Map<String, String> etags = new TreeMap<>();
          for (S3Object object : s3.listObjectsV2Paginator(list -> list.bucket(name)).contents()) {
            etags.put(object.key(), object.eTag());
          }
          return etags;
        });
  }

  void put(SiteFile file) throws InterruptedException {
    var _ =
        patiently(
            () ->
                s3.putObject(
                    put -> put.bucket(name).key(file.key()).contentType(file.contentType()),
                    RequestBody.fromBytes(file.content())));
  }

  void remove(Collection<String> keys) throws InterruptedException {
    List<ObjectIdentifier> all = new ArrayList<>();
    keys.forEach(key -> all.add(ObjectIdentifier.builder().key(key).build()));
    for (int from = 0; from < all.size(); from += REMOVALS_MAX) {
      List<ObjectIdentifier> some = all.subList(from, Math.min(all.size(), from + REMOVALS_MAX));
      DeleteObjectsResponse response =
          patiently(
              () ->
                  s3.deleteObjects(
                      delete ->
                          delete.bucket(name).delete(these -> these.objects(some).quiet(true))));
      if (response.hasErrors()) {
        throw new IllegalStateException("could not delete " + response.errors().getFirst());
      }
    }
  }

  private <T> T patiently(Supplier<T> call) throws InterruptedException {
    while (true) {
      try {
        return call.get();
      } catch (S3Exception e) {
        if (e.statusCode() != FORBIDDEN || System.nanoTime() - patienceEndNanos > 0) {
          throw e;
        }
        Thread.sleep(PAUSE);
      }
    }
  }
}
