package dev.weir.credential;

import java.io.File;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class CredentialConfigurationTests {

	@Test
	void anApplicationWithApiKeysOnlyLoadsNoAzureClass() throws Exception {
		try (RecordingClassLoader loader = new RecordingClassLoader()) {
			Callable<?> application = (Callable<?>) loader.loadClass(ApiKeyOnly.class.getName())
				.getDeclaredConstructor()
				.newInstance();
			assertThat(application.call()).isEqualTo("key");
			assertThat(loader.azure).isEmpty();
		}
	}

	/**
	 * Loads all classes again and records the names of Azure's classes.
	 */
	private static final class RecordingClassLoader extends URLClassLoader {

		private final List<String> azure = new CopyOnWriteArrayList<>();

		RecordingClassLoader() throws MalformedURLException {
			super(classpath(), ClassLoader.getPlatformClassLoader());
		}

		@Override
		protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
			if (name.startsWith("com.azure.") || name.startsWith("com.microsoft.")) {
				this.azure.add(name);
			}
			return super.loadClass(name, resolve);
		}

		private static URL[] classpath() throws MalformedURLException {
			List<URL> urls = new ArrayList<>();
			for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
				urls.add(new File(entry).toURI().toURL());
			}
			return urls.toArray(URL[]::new);
		}

	}

}
