package dev.weir.config.load;

import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Collectors;

import org.springframework.boot.autoconfigure.ssl.JksSslBundleProperties;
import org.springframework.boot.autoconfigure.ssl.PemSslBundleProperties;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.io.ApplicationResourceLoader;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.io.ResourceLoader;

/**
 * An SSL bundle of a listener whose files may change while Weir runs.
 */
public final class ListenerBundle {

	private final String name;

	private final String type;

	private final Set<Path> files;

	private final ConfigurableEnvironment environment;

	private final BundleLoader loader;

	private final FileFingerprints started;

	ListenerBundle(String name, String type, Set<Path> files, ConfigurableEnvironment environment,
			ResourceLoader resources) {
		this.name = name;
		this.type = type;
		this.files = Set.copyOf(files);
		this.environment = environment;
		this.loader = new BundleLoader(new WrittenProperties(environment),
				ApplicationResourceLoader.get(resources, true));
		this.started = fingerprints();
	}

	/**
	 * The name of the bundle.
	 * @return the last part of {@code spring.ssl.bundle.pem.NAME}
	 */
	public String name() {
		return this.name;
	}

	/**
	 * The files with which Weir has started.
	 * @return their fingerprints
	 */
	public FileFingerprints started() {
		return this.started;
	}

	/**
	 * Reads the files of the bundle for a comparison.
	 * @return their fingerprints
	 */
	public FileFingerprints fingerprints() {
		return FileFingerprints.of(this.files);
	}

	/**
	 * Loads certificates and keys, and checks that connections can use them.
	 * @return the bundle
	 * @throws InvalidConfigurationException if a part cannot be used
	 */
	public SslBundle load() {
		ConfigurationPropertyName at = ListenerBundles.properties(this.type, this.name);
		Binder binder = Binder.get(this.environment);
		SslBundle bundle = this.type.equals("pem")
				? this.loader.pem(at, binder.bindOrCreate(at.toString(), PemSslBundleProperties.class))
				: this.loader.jks(at, binder.bindOrCreate(at.toString(), JksSslBundleProperties.class));
		this.loader.checkServer(at.append("keystore"), bundle);
		return bundle;
	}

	/**
	 * The bundle and its files, for the log.
	 * @return the name with the paths in parentheses
	 */
	@Override
	public String toString() {
		return "SSL bundle " + this.name + " ("
				+ this.files.stream().map(Path::toString).sorted().collect(Collectors.joining(", ")) + ")";
	}

}
