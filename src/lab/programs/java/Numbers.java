import java.util.HashSet;
import java.util.Set;

/** Leaks: numbers of all messages that were ever seen. */
final class Numbers {
    static final class Deduplicator {
        private final Set<Long> seen = new HashSet<>();
    }

    public static void main(String[] arguments) throws Exception {
        Deduplicator deduplicator = new Deduplicator();
        Program.run(arguments, id -> {
            for (long part = 0; part < 4; part++) deduplicator.seen.add(id * 1_000_000L + part);
        });
    }
}
