import java.util.ArrayList;
import java.util.List;

/** Leaks: each request subscribes a listener, a lambda that holds the request's data, and none is ever taken away. */
final class Listeners {
    interface PriceListener {
        void changed(double price);
    }

    static final class PriceFeed {
        private final List<PriceListener> listeners = new ArrayList<>();

        void subscribe(PriceListener listener) {
            listeners.add(listener);
        }
    }

    static final class Portfolio {
        final int id;
        final double[] positions = new double[16];

        Portfolio(int id) {
            this.id = id;
        }
    }

    public static void main(String[] arguments) throws Exception {
        PriceFeed feed = new PriceFeed();
        Program.run(arguments, id -> {
            Portfolio portfolio = new Portfolio(id);
            feed.subscribe(price -> portfolio.positions[0] = price);
        });
    }
}
