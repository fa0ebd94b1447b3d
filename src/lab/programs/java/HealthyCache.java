import java.util.LinkedHashMap;
import java.util.Map;

/** Healthy: a cache of sessions, the least recently used ones go. */
final class HealthyCache {
    static final class Session {
        final int[] seen = new int[30];
    }

    static final class Sessions extends LinkedHashMap<String, Session> {
        Sessions() {
            super(16, 0.75f, true);
        }

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Session> eldest) {
            return size() > 500;
        }
    }

    public static void main(String[] arguments) throws Exception {
        Sessions sessions = new Sessions();
        Program.run(arguments, id -> sessions.computeIfAbsent("session-" + id, key -> new Session()).seen[id % 30] = id);
    }
}
