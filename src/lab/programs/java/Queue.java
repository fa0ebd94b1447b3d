import java.util.concurrent.LinkedBlockingQueue;

/** Leaks: a queue that is filled faster than it is emptied. */
final class Queue {
    static final class MailJob {
        final String to;
        final char[] body = new char[150];

        MailJob(int id) {
            to = "customer-" + id + "@example.com";
        }
    }

    static final class Mailer {
        private final LinkedBlockingQueue<MailJob> waiting = new LinkedBlockingQueue<>();
    }

    public static void main(String[] arguments) throws Exception {
        Mailer mailer = new Mailer();
        Program.run(arguments, id -> {
            mailer.waiting.add(new MailJob(id));
            mailer.waiting.add(new MailJob(-id));
            mailer.waiting.poll();
        });
    }
}
