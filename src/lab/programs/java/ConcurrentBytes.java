import java.util.concurrent.ConcurrentHashMap;

/** Leaks: a static map of pictures by their address, without a limit. */
final class ConcurrentBytes {
    static final class Thumbnails {
        static final ConcurrentHashMap<String, byte[]> CACHE = new ConcurrentHashMap<>();
    }

    public static void main(String[] arguments) throws Exception {
        Program.run(arguments, id -> Thumbnails.CACHE.put("/picture/" + id, new byte[400]));
    }
}
