package dev.parley.bench;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// Gives processes a share of one processor, as Lambda does by a function's memory.
///
/// A control group bounds the time of all their threads together, where this user may make one:
/// version 2, beside this process's or in it, or version 1. Elsewhere each process is stopped and
/// continued by signals, so that it runs for that share of the time: with several threads it then
/// takes more than the share.
final class CpuShare implements AutoCloseable {
  /// Short, so that a first call of some ten milliseconds is bounded, too.
  private static final long PERIOD_US = 20_000;

  private static final Path ROOT = Path.of("/sys/fs/cgroup");
  private static final int SIGCONT = 18;
  private static final int SIGSTOP = 19;
  private static final long CALIBRATION_NS = 2_000_000_000L;

  private final double share;

  /// The control group, or null for signals.
  private final @Nullable Path group;

  private final List<Thread> samplers = new ArrayList<>();

  CpuShare(double share) throws IOException {
    this.share = share;
    this.group = group(Math.round(share * PERIOD_US));
  }

  private static @Nullable Path group(long quotaUs) throws IOException {
    for (Path parent : parents()) {
      Path group = parent.resolve("parley-cold-" + ProcessHandle.current().pid());
      try {
        Files.createDirectory(group);
        if (Files.exists(group.resolve("cpu.max"))) {
          Files.writeString(group.resolve("cpu.max"), quotaUs + " " + PERIOD_US);
        } else {
          Files.writeString(group.resolve("cpu.cfs_period_us"), Long.toString(PERIOD_US));
          Files.writeString(group.resolve("cpu.cfs_quota_us"), Long.toString(quotaUs));
        }
        return group;
      } catch (IOException _) { // not permitted, or the group cannot have such a bound
        Files.deleteIfExists(group);
      }
    }
    return null;
  }

  /// Where a control group may be made: `0::<path>` is of version 2, `<n>:cpu:<path>` of version 1.
  private static List<Path> parents() throws IOException {
    List<Path> parents = new ArrayList<>();
    Path own = Path.of("/proc/self/cgroup");
    for (String line : Files.exists(own) ? Files.readAllLines(own) : List.<String>of()) {
      String[] parts = line.split(":", 3);
      Path controller =
          parts[1].isEmpty()
              ? ROOT
              : List.of(parts[1].split(",", -1)).contains("cpu") ? ROOT.resolve("cpu") : null;
      if (controller != null) {
        Path path = controller.resolve(parts[2].replaceFirst("^/", ""));
        parents.add(path);
        Path beside = path.getParent();
        if (beside != null && beside.startsWith(controller)) {
          parents.add(beside);
        }
      }
    }
    return parents;
  }

  /// A command that gives itself the share first.
  List<String> bounded(List<String> command) {
    if (group == null) {
      return command;
    }
    List<String> bounded = new ArrayList<>();
    bounded.addAll(
        List.of(
            "/bin/sh",
            "-c",
            "echo $$ > '%s/cgroup.procs' && exec \"$@\"".formatted(group),
            "bounded"));
    bounded.addAll(command);
    return bounded;
  }

  /// Gives the share to a process of such a command that has been started.
  void bind(ProcessHandle process) {
    if (group == null) {
      samplers.add(Thread.ofPlatform().daemon().start(() -> alternate(process)));
    }
  }

  @SuppressWarnings("restricted") // kill(2) by its address
  private void alternate(ProcessHandle process) {
    long onNs = Math.round(PERIOD_US * 1_000 * share);
    try {
      MethodHandle kill =
          Linker.nativeLinker()
              .downcallHandle(
                  Linker.nativeLinker().defaultLookup().findOrThrow("kill"),
                  FunctionDescriptor.of(
                      ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
      int pid = (int) process.pid();
      while (process.isAlive() && !Thread.interrupted()) {
        LockSupport.parkNanos(onNs);
        var _ = (int) kill.invokeExact(pid, SIGSTOP);
        LockSupport.parkNanos(PERIOD_US * 1_000 - onNs);
        var _ = (int) kill.invokeExact(pid, SIGCONT);
      }
    } catch (Throwable e) { // what a method handle throws
      throw new AssertionError("kill(2)", e);
    }
  }

  /// What a process with two busy threads gets, of one processor.
  double measured() throws IOException, InterruptedException {
    Process spinning =
        new ProcessBuilder(
                bounded(
                    List.of(
                        ProcessHandle.current().info().command().orElse("java"),
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path", ""),
                        Spinning.class.getName())))
            .start();
    bind(spinning.toHandle());
    try {
      spinning.getInputStream().read(); // it spins
      Duration before = cpu(spinning);
      long begun = System.nanoTime();
      TimeUnit.NANOSECONDS.sleep(CALIBRATION_NS);
      return (cpu(spinning).toNanos() - before.toNanos()) / (double) (System.nanoTime() - begun);
    } finally {
      spinning.destroyForcibly().waitFor();
    }
  }

  private static Duration cpu(Process process) {
    return process.info().totalCpuDuration().orElse(Duration.ZERO);
  }

  /// Two threads that never rest.
  static final class Spinning {
    private Spinning() {}

    public static void main(String[] arguments) {
      Thread.ofPlatform().start(Spinning::spin);
      System.out.println();
      spin();
    }

    private static void spin() {
      while (true) {
        Thread.onSpinWait();
      }
    }
  }

  @Override
  public String toString() {
    return group == null ? "signals (SIGSTOP, SIGCONT)" : "control group " + group;
  }

  /// To be called once all of the processes have ended.
  @Override
  public void close() throws IOException {
    samplers.forEach(Thread::interrupt);
    if (group != null) {
      Files.deleteIfExists(group);
    }
  }
}
