package dev.weir.config.load;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.actuate.autoconfigure.web.server.ManagementPortType;
import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.core.env.ConfigurableEnvironment;

import dev.weir.config.ActuatorPort;
import dev.weir.config.WeirProperties;

/**
 * Finds out where the Actuator is served, and whether it is more open than users expect.
 */
final class ActuatorPortCheck {

	private static final ConfigurationPropertyName PORT = ConfigurationPropertyName.of("management.server.port");

	private ActuatorPortCheck() {
	}

	/**
	 * Reads where the Actuator is served. Spring Boot does not give a separate port the
	 * address of the main port.
	 * @param environment the settings, with valid ports
	 * @return the port
	 */
	static ActuatorPort portOf(ConfigurableEnvironment environment) {
		return switch (ManagementPortType.get(environment)) {
			case SAME -> ActuatorPort.MAIN;
			case DISABLED -> new ActuatorPort(ActuatorPort.Kind.NONE, 0, null);
			case DIFFERENT -> new ActuatorPort(ActuatorPort.Kind.SEPARATE,
					Binder.get(environment).bind(PORT.toString(), Integer.class).orElse(0), address(environment));
		};
	}

	private static @Nullable InetAddress address(ConfigurableEnvironment environment) {
		try {
			return Binder.get(environment).bind("management.server.address", InetAddress.class).orElse(null);
		}
		catch (BindException ex) {
			// Spring Boot reports this mistake itself
			return null;
		}
	}

	/**
	 * Finds probable mistakes.
	 * @param environment the settings, with valid ports
	 * @param properties valid settings
	 * @return the findings, possibly none
	 */
	static List<ConfigurationProblem> warnings(ConfigurableEnvironment environment, WeirProperties properties) {
		ActuatorPort port = portOf(environment);
		List<ConfigurationProblem> warnings = new ArrayList<>();
		if (port.isExposed()) {
			ConfigurationProperty property = new WrittenProperties(environment).find(PORT);
			warnings.add(new ConfigurationProblem(PORT.toString(), null,
					(property != null) ? OriginDescriber.describe(property.getOrigin()) : null,
					"opens the Actuator without a key on " + port.describe(),
					"Set management.server.address: 127.0.0.1, let only probes and operators reach the port, or remove it:"
							+ " on the main port the Actuator needs the key of an operator."));
		}
		if (port.isSeparate() && !properties.operators().isEmpty()) {
			warnings.add(new ConfigurationProblem(SettingTree.ROOT.append("operators").toString(), null, null,
					"has no effect, because the Actuator on management.server.port needs no key",
					"Remove it, or remove management.server.port."));
		}
		return warnings;
	}

}
