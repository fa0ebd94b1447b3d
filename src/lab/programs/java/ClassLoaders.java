import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;

/** Leaks: each tenth request loads a plug-in with a class loader of its own, and a registry keeps the plug-ins. */
final class ClassLoaders {
    public static final class Plugin {
        final byte[] configuration = new byte[4000];
    }

    static final class PluginLoader extends ClassLoader {
        private final byte[] code;

        PluginLoader(byte[] code) {
            super(ClassLoaders.class.getClassLoader());
            this.code = code;
        }

        Object load() throws Exception {
            return defineClass("ClassLoaders$Plugin", code, 0, code.length).getDeclaredConstructor().newInstance();
        }
    }

    static final class PluginRegistry {
        final List<Object> plugins = new ArrayList<>();
    }

    public static void main(String[] arguments) throws Exception {
        byte[] code;
        try (InputStream in = ClassLoaders.class.getResourceAsStream("ClassLoaders$Plugin.class")) {
            code = in.readAllBytes();
        }
        PluginRegistry registry = new PluginRegistry();
        Program.run(arguments, id -> {
            if (id % 10 == 0) registry.plugins.add(new PluginLoader(code).load());
        });
    }
}
