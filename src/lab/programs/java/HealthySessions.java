import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Healthy: sessions of any length come and go, and a ring of the last pictures. */
final class HealthySessions {
    static final class Visit {
        final int id;
        final int[] trail;

        Visit(int id) {
            this.id = id;
            trail = new int[id % 30];
        }
    }

    public static void main(String[] arguments) throws Exception {
        Map<Integer, Visit> visits = new HashMap<>();
        List<List<Integer>> due = new ArrayList<>();
        for (int slot = 0; slot < 700; slot++) due.add(new ArrayList<>());
        ArrayDeque<byte[]> pictures = new ArrayDeque<>();
        Program.run(arguments, id -> {
            visits.put(id, new Visit(id));
            due.get((int) ((id + 1 + id * 7919L % 600) % 700)).add(id);
            for (int ended : due.get(id % 700)) visits.remove(ended);
            due.get(id % 700).clear();
            pictures.add(new byte[300]);
            if (pictures.size() > 100) pictures.poll();
        });
    }
}
