package dev.weir.config.load;

import java.net.InetAddress;

import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.core.env.ConfigurableEnvironment;

import dev.weir.config.WeirProperties;

/**
 * Checks that Weir does not serve other machines without knowing its clients, unless the
 * user says so. Without {@code server.address}, Weir itself chooses the loopback
 * interface in this case.
 */
final class OpenCheck {

	private static final ConfigurationPropertyName ADDRESS = ConfigurationPropertyName.of("server.address");

	private static final String CURE = """
			Name the clients that may call Weir:

			  weir:
			    clients:
			      - name: my-app
			        key: ${MY_APP_KEY}   # java -jar weir.jar --new-key my-app

			or set weir.open: true (in the environment: WEIR_OPEN=true) if everybody who reaches this address may use
			the quota of your backends, for instance in a private network, or remove server.address to serve this
			machine only.""";

	private final ProblemCollector problems;

	OpenCheck(ProblemCollector problems) {
		this.problems = problems;
	}

	void check(ConfigurableEnvironment environment, WeirProperties properties) {
		if (properties.hasClients() || properties.open()) {
			return;
		}
		try {
			InetAddress address = Binder.get(environment).bind(ADDRESS, Bindable.of(InetAddress.class)).orElse(null);
			if (address != null && !address.isLoopbackAddress()) {
				ConfigurationProperty property = new WrittenProperties(environment).find(ADDRESS);
				this.problems.reportOnce(ADDRESS, (property != null) ? property.getOrigin() : null,
						address.getHostAddress(),
						"is reachable from other machines, and there are no clients (weir.clients)", CURE);
			}
		}
		catch (BindException ex) {
			// Spring Boot reports this mistake itself
		}
	}

}
