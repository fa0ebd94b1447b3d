import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** Leaks: each request has a task that is to look after it in a day, and that nobody takes back. */
final class ScheduledTasks {
    static final class LeaseCheck implements Runnable {
        final long[] lease = new long[10];

        @Override
        public void run() {
            lease[0]++;
        }
    }

    public static void main(String[] arguments) throws Exception {
        ScheduledExecutorService timer = Executors.newScheduledThreadPool(1);
        Program.run(arguments, id -> timer.schedule(new LeaseCheck(), 1, TimeUnit.DAYS));
    }
}
