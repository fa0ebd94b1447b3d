import java.util.HashMap;
import java.util.Map;

/** Leaks: a map whose keys are never equal to one another, so that each look-up adds an entry. */
final class KeyWithoutEquals {
    static final class ReportKey {
        final String name;
        final int month;

        ReportKey(String name, int month) {
            this.name = name;
            this.month = month;
        }
    }

    private final Map<ReportKey, double[]> totals = new HashMap<>();

    double total(int id) {
        return totals.computeIfAbsent(new ReportKey("sales", id % 12), key -> new double[8])[0];
    }

    public static void main(String[] arguments) throws Exception {
        KeyWithoutEquals reports = new KeyWithoutEquals();
        Program.run(arguments, reports::total);
    }
}
