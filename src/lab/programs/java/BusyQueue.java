import java.util.concurrent.ConcurrentLinkedQueue;

/** Leaks: a queue that is emptied all the time, a little slower than it is filled. */
final class BusyQueue {
    static final class Reading {
        final String sensor;
        final double[] values = new double[8];

        Reading(int id) {
            sensor = "sensor-" + id % 500;
        }
    }

    static final class Collector {
        private final ConcurrentLinkedQueue<Reading> backlog = new ConcurrentLinkedQueue<>();
    }

    public static void main(String[] arguments) throws Exception {
        Collector collector = new Collector();
        Program.run(arguments, id -> {
            for (int part = 0; part < 6; part++) collector.backlog.add(new Reading(id));
            for (int part = 0; part < 5; part++) collector.backlog.poll();
        });
    }
}
