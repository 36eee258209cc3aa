package dev.weir.reload;

import java.security.KeyStore;
import java.security.KeyStoreException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Collections;
import java.util.List;

import com.github.benmanes.caffeine.cache.Ticker;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslBundleRegistry;

import dev.weir.config.load.FileFingerprints;
import dev.weir.config.load.InvalidConfigurationException;
import dev.weir.config.load.ListenerBundle;

/**
 * Lets the listeners use renewed certificates. Certificate managers replace the files one
 * after the other, so the files are read when none of them has changed for a while.
 * Otherwise the listener keeps what it has: with a certificate whose key is not there
 * yet, all handshakes would fail. Used by one thread.
 */
final class CertificateRenewal {

	private static final Logger logger = LoggerFactory.getLogger(CertificateRenewal.class);

	private final List<Watched> bundles;

	private final SslBundleRegistry registry;

	private final Duration quietPeriod;

	private final Ticker ticker;

	/**
	 * Creates the renewal.
	 * @param bundles the bundles, as they were at the start
	 * @param registry where the listeners get their bundles
	 * @param quietPeriod how long the files must be unchanged
	 * @param ticker the time
	 */
	CertificateRenewal(List<ListenerBundle> bundles, SslBundleRegistry registry, Duration quietPeriod, Ticker ticker) {
		this.bundles = bundles.stream().map(Watched::new).toList();
		this.registry = registry;
		this.quietPeriod = quietPeriod;
		this.ticker = ticker;
	}

	/** Compares the files once, and uses those that have changed. */
	void poll() {
		this.bundles.forEach(this::poll);
	}

	private void poll(Watched watched) {
		FileFingerprints now = watched.bundle.fingerprints();
		if (!now.equals(watched.seen)) {
			watched.seen = now;
			watched.changedAt = this.ticker.read();
		}
		else if (!now.equals(watched.read) && this.ticker.read() - watched.changedAt >= this.quietPeriod.toNanos()) {
			watched.read = now;
			use(watched.bundle);
		}
	}

	private void use(ListenerBundle bundle) {
		try {
			SslBundle renewed = bundle.load();
			this.registry.updateBundle(bundle.name(), renewed);
			logger.info("{}: new connections use the renewed files{}", bundle, certificate(renewed));
		}
		catch (InvalidConfigurationException ex) {
			logger.warn("{}: the listener keeps what it has, because {}. Weir reads the files again when they change",
					bundle, ex.problems().get(0));
		}
		catch (RuntimeException ex) {
			// a message of a library may quote a key
			logger.warn("{}: the listener keeps what it has, because the files cannot be used ({}). Weir reads the"
					+ " files again when they change", bundle, ex.getClass().getSimpleName());
		}
	}

	private static String certificate(SslBundle bundle) {
		try {
			KeyStore store = bundle.getStores().getKeyStore();
			for (String alias : (store != null) ? Collections.list(store.aliases()) : List.<String>of()) {
				if (store != null && store.getCertificate(alias) instanceof X509Certificate certificate) {
					return ", " + certificate.getSubjectX500Principal() + ", valid until "
							+ certificate.getNotAfter().toInstant();
				}
			}
		}
		catch (KeyStoreException ex) {
			// only a detail of the log
		}
		return "";
	}

	/** A bundle and its files. */
	private static final class Watched {

		private final ListenerBundle bundle;

		/** Those that the listener uses, or that it could not use. */
		private FileFingerprints read;

		private FileFingerprints seen;

		private long changedAt;

		private Watched(ListenerBundle bundle) {
			this.bundle = bundle;
			this.read = bundle.started();
			this.seen = bundle.started();
		}

	}

}
