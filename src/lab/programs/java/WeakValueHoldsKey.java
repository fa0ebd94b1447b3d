import java.util.WeakHashMap;

/** Leaks: a map with weak keys whose values refer to their keys. */
final class WeakValueHoldsKey {
    static final class Account {
        final int id;

        Account(int id) {
            this.id = id;
        }
    }

    static final class AccountView {
        final Account account;
        final int[] columns = new int[12];

        AccountView(Account account) {
            this.account = account;
        }
    }

    static final class Views {
        static final WeakHashMap<Account, AccountView> BY_ACCOUNT = new WeakHashMap<>();
    }

    public static void main(String[] arguments) throws Exception {
        Program.run(arguments, id -> {
            Account account = new Account(id);
            Views.BY_ACCOUNT.put(account, new AccountView(account));
        });
    }
}
