import java.util.HashMap;
import java.util.Map;

/** Leaks: totals of each order in a map of each customer in a map of each country. */
final class NestedMaps {
    static final class OrderTotal {
        final double net;
        final double tax;

        OrderTotal(int id) {
            net = id / 7.0;
            tax = id / 70.0;
        }
    }

    static final class Totals {
        private final Map<String, Map<Integer, Map<Integer, OrderTotal>>> byCountry = new HashMap<>();
    }

    public static void main(String[] arguments) throws Exception {
        Totals totals = new Totals();
        String[] countries = {"at", "ch", "de", "fr"};
        Program.run(arguments, id -> totals.byCountry
                .computeIfAbsent(countries[id % 4], key -> new HashMap<>())
                .computeIfAbsent(id % 50, key -> new HashMap<>())
                .put(id, new OrderTotal(id)));
    }
}
