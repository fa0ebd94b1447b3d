import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** Leaks: what each request puts into a thread-local of a pooled thread and never removes. */
final class ThreadLocals {
    static final class TraceSpan {
        final int request;
        final long[] times = new long[12];

        TraceSpan(int request) {
            this.request = request;
        }
    }

    private static final ThreadLocal<List<TraceSpan>> SPANS = ThreadLocal.withInitial(ArrayList::new);

    public static void main(String[] arguments) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(2);
        Program.run(arguments, id -> pool.submit(() -> SPANS.get().add(new TraceSpan(id))).get());
    }
}
