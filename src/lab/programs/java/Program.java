import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What all Java programs of the lab share: requests for ever, each with healthy work beside what the program keeps: a bounded cache that
 * turns over all the time, and rubbish. Says READY when the cache is full and `DONE n` after every hundred requests; ends when stdin does.
 * The argument is the pause after ten requests in milliseconds; 20 unless given.
 */
final class Program {
    interface Work {
        void request(int id) throws Exception;
    }

    static final class CachedPage {
        final String url;
        final byte[] body;

        CachedPage(int id) {
            url = "/page/" + id;
            body = new byte[300];
        }
    }

    static final class PageCache extends LinkedHashMap<String, CachedPage> {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, CachedPage> eldest) {
            return size() > 2000;
        }
    }

    static final class Context {
        final int id;
        final String[] headers;

        Context(int id) {
            this.id = id;
            headers = new String[] {"host: shop-" + id + ".example.com", "accept: text/html"};
        }
    }

    private static final int MOST_REQUESTS = 400000;

    static void run(String[] arguments, Work work) throws Exception {
        long pauseMs = arguments.length > 0 ? Long.parseLong(arguments[0]) : 20;
        endWithStdin();
        PageCache cache = new PageCache();
        for (int id = 1; id <= 2500; id++) cache.put("/page/" + id, new CachedPage(id));
        System.out.println("READY");
        long seen = 0;
        for (int id = 1; id <= MOST_REQUESTS; id++) {
            Context context = new Context(id);
            seen += context.headers[0].length();
            cache.put("/page/" + (id + 2500), new CachedPage(id + 2500));
            work.request(id);
            if (id % 100 == 0) System.out.println("DONE " + id);
            if (id % 10 == 0) Thread.sleep(pauseMs);
        }
        System.out.println("END " + seen);
        System.exit(0);
    }

    private static void endWithStdin() {
        Thread watch = new Thread(() -> {
            try {
                while (System.in.read() >= 0) continue;
            } catch (java.io.IOException error) {
                System.err.println(error);
            }
            System.exit(0);
        });
        watch.setDaemon(true);
        watch.start();
    }

    private Program() {}
}
