import java.util.ArrayList;
import java.util.List;

/** Leaks: a callback of each request is kept, and with it, as its outer object, the request. */
final class InnerClasses {
    static final class UploadRequest {
        final byte[] body = new byte[200];
        final int id;

        UploadRequest(int id) {
            this.id = id;
        }

        final class Completion implements Runnable {
            @Override
            public void run() {
                body[0] = (byte) id;
            }
        }
    }

    static final class Reactor {
        private final List<Runnable> completions = new ArrayList<>();
    }

    public static void main(String[] arguments) throws Exception {
        Reactor reactor = new Reactor();
        Program.run(arguments, id -> reactor.completions.add(new UploadRequest(id).new Completion()));
    }
}
