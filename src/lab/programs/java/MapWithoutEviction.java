import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Leaks: sessions by token in a map that nothing is ever taken from, held by a service. */
final class MapWithoutEviction {
    static final class UserSession {
        final String user;
        final byte[] state = new byte[200];

        UserSession(String user) {
            this.user = user;
        }
    }

    static final class SessionService {
        private final Map<String, UserSession> byToken = new ConcurrentHashMap<>();

        UserSession open(int id) {
            return byToken.computeIfAbsent("token-" + id, token -> new UserSession("user-" + id));
        }
    }

    public static void main(String[] arguments) throws Exception {
        SessionService service = new SessionService();
        Program.run(arguments, service::open);
    }
}
