import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** Leaks orders by key; says READY when the process holds so many bytes of its own as the argument says. */
final class LargeOrders {
    static final class Order {
        final int id;
        final String token;
        final Map<String, Integer> sum = new HashMap<>();

        Order(int id) {
            this.id = id;
            token = "token-" + id + "-abcdefgh";
            sum.put("net", id);
        }
    }

    static final Map<String, Order> ORDERS = new HashMap<>();

    static void add(int count) {
        for (int added = 0; added < count; added++) {
            int id = ORDERS.size();
            ORDERS.put("k" + id, new Order(id));
        }
    }

    static long ownBytes() throws Exception {
        for (String line : Files.readAllLines(Path.of("/proc/self/status")))
            if (line.startsWith("RssAnon:")) return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
        throw new IllegalStateException("no RssAnon");
    }

    public static void main(String[] arguments) throws Exception {
        while (ownBytes() < Long.parseLong(arguments[0])) add(2_000);
        System.out.println("READY");
        while (true) {
            add(20);
            Thread.sleep(5);
        }
    }
}
