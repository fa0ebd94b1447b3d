import java.util.ArrayList;
import java.util.List;

/** Healthy: each request builds a lot and lets go of it, sooner or later. */
final class HealthyChurn {
    static final class Row {
        final int number;
        final String text;

        Row(int number) {
            this.number = number;
            text = "row " + number;
        }
    }

    private List<Row> page = new ArrayList<>();

    void request(int id) {
        if (page.size() > 20000) page = new ArrayList<>();
        for (int row = 0; row < 20; row++) page.add(new Row(row));
    }

    public static void main(String[] arguments) throws Exception {
        HealthyChurn churn = new HealthyChurn();
        Program.run(arguments, churn::request);
    }
}
