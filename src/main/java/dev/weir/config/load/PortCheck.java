package dev.weir.config.load;

import java.util.List;

import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.core.env.ConfigurableEnvironment;

/**
 * Checks that ports are in range. Spring Boot would find it when the server starts.
 */
final class PortCheck {

	private static final ConfigurationPropertyName MAIN = ConfigurationPropertyName.of("server.port");

	private static final List<ConfigurationPropertyName> PORTS = List.of(MAIN,
			ConfigurationPropertyName.of("management.server.port"));

	private static final int MAX = 65535;

	private final ProblemCollector problems;

	PortCheck(ProblemCollector problems) {
		this.problems = problems;
	}

	void check(ConfigurableEnvironment environment) {
		WrittenProperties written = new WrittenProperties(environment);
		for (ConfigurationPropertyName name : PORTS) {
			ConfigurationProperty property = written.find(name);
			if (property != null && !isPort(environment, name)) {
				this.problems.reportOnce(name, property.getOrigin(), written.value(property), "is not a port",
						"Write a number from 0 to " + MAX + "; 0 means any free port.");
			}
		}
	}

	/**
	 * Spring Boot starts no server for -1, which Weir can do without for the Actuator
	 * only.
	 */
	private static boolean isPort(ConfigurableEnvironment environment, ConfigurationPropertyName name) {
		try {
			int port = Binder.get(environment).bind(name.toString(), Integer.class).orElse(0);
			return port >= (name.equals(MAIN) ? 0 : -1) && port <= MAX;
		}
		catch (BindException ex) {
			return false;
		}
	}

}
