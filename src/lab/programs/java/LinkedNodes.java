/** Leaks: each revision of a document keeps the one before. */
final class LinkedNodes {
    static final class Revision {
        final String text;
        final Revision before;

        Revision(String text, Revision before) {
            this.text = text;
            this.before = before;
        }
    }

    static final class Document {
        private Revision latest;
    }

    public static void main(String[] arguments) throws Exception {
        Document document = new Document();
        Program.run(arguments, id -> document.latest = new Revision("text number " + id, document.latest));
    }
}
