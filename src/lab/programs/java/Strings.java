import java.util.HashSet;
import java.util.Set;

/** Leaks: texts only, in a set of all that was ever seen. */
final class Strings {
    static final class VisitorLog {
        private static final Set<String> SEEN = new HashSet<>();
    }

    public static void main(String[] arguments) throws Exception {
        Program.run(arguments, id -> VisitorLog.SEEN.add("visitor-" + id + " of shop-" + id % 7 + ".example.com, first seen by request " + id));
    }
}
