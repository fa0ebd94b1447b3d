import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Leaks: each request leaves a job for tomorrow with an executor to which every job that waits refers back. */
final class DelayedJobs {
    static final class Reminder implements Runnable {
        final String customer;

        Reminder(int id) {
            customer = "customer " + id;
        }

        @Override
        public void run() {
            System.out.println(customer);
        }
    }

    static final class Calendar {
        static final ScheduledThreadPoolExecutor JOBS = new ScheduledThreadPoolExecutor(1);
    }

    public static void main(String[] arguments) throws Exception {
        Program.run(arguments, id -> Calendar.JOBS.schedule(new Reminder(id), 1, TimeUnit.DAYS));
    }
}
