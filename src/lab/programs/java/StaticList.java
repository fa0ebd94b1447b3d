import java.util.ArrayList;
import java.util.List;

/** Leaks: a static list that each request adds to. */
final class StaticList {
    static final class AuditEntry {
        final int request;
        final String text;

        AuditEntry(int request) {
            this.request = request;
            text = "request " + request + " was served";
        }
    }

    static final class AuditLog {
        private static final List<AuditEntry> ENTRIES = new ArrayList<>();
    }

    public static void main(String[] arguments) throws Exception {
        Program.run(arguments, id -> AuditLog.ENTRIES.add(new AuditEntry(id)));
    }
}
