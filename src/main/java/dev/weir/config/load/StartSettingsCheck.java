package dev.weir.config.load;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.springframework.beans.factory.BeanCreationException;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.support.RootBeanDefinition;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.ConfigurationPropertiesBean;
import org.springframework.boot.context.properties.ConfigurationPropertiesBindingPostProcessor;
import org.springframework.boot.context.properties.ConstructorBound;
import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.BindMethod;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.core.annotation.AnnotatedElementUtils;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.util.ClassUtils;

/**
 * Checks changed settings that take effect only at a start, such as ports: binds them to
 * new objects, with Spring Boot's own classes and the validation of a start. The objects
 * of the running application do not change.
 */
final class StartSettingsCheck {

	private static final Logger logger = LoggerFactory.getLogger(StartSettingsCheck.class);

	private final ConfigurableApplicationContext running;

	StartSettingsCheck(ConfigurableApplicationContext running) {
		this.running = running;
	}

	/**
	 * Checks settings.
	 * @param next the environment with the new values
	 * @param changed the names of the properties to check
	 * @throws InvalidConfigurationException if a start would refuse a value
	 */
	void check(ConfigurableEnvironment next, Collection<String> changed) {
		if (changed.isEmpty()) {
			return;
		}
		List<ConfigurationPropertyName> names = changed.stream().map(ConfigurationPropertyName::of).toList();
		List<ConfigurationProblem> problems = new ArrayList<>();
		ConfigurationPropertiesBean.getAll(this.running)
			.values()
			.stream()
			.filter((bean) -> isAffected(bean, names))
			.map(Target::of)
			.distinct()
			.filter(Target::isCreatable)
			.forEach((target) -> problems.addAll(bind(target, next)));
		if (problems.isEmpty()) {
			problems.addAll(new BootSettingsCheck(next).check(names));
			problems.addAll(new ServerTlsCheck(next, this.running).check(names));
		}
		if (!problems.isEmpty()) {
			throw new InvalidConfigurationException(problems);
		}
	}

	private static boolean isAffected(ConfigurationPropertiesBean bean, List<ConfigurationPropertyName> names) {
		ConfigurationPropertyName prefix = ConfigurationPropertyName.of(bean.getAnnotation().prefix());
		return names.stream().anyMatch(prefix::isAncestorOf);
	}

	private List<ConfigurationProblem> bind(Target target, ConfigurableEnvironment next) {
		try (GenericApplicationContext context = new GenericApplicationContext()) {
			context.setEnvironment(next);
			// for converters that are beans
			context.getDefaultListableBeanFactory().setParentBeanFactory(this.running.getBeanFactory());
			ConfigurationPropertiesBindingPostProcessor.register(context);
			context.registerBeanDefinition(target.type().getName(), target.definition(context.getBeanFactory()));
			context.refresh();
			// a failure during the refresh would be logged by Spring
			context.getBean(target.type().getName());
			return List.of();
		}
		catch (BeanCreationException ex) {
			for (Throwable cause = ex; cause != null; cause = cause.getCause()) {
				if (cause instanceof BindException failure) {
					return ConfigurationReader.describe(failure, false).problems();
				}
			}
			// not because of a value
			logger.debug("{} cannot be checked", target, ex);
			return List.of();
		}
	}

	/**
	 * A class with properties.
	 *
	 * @param type the class
	 * @param byConstructor whether values are passed to its constructor, not to setters
	 */
	private record Target(Class<?> type, boolean byConstructor) {

		static Target of(ConfigurationPropertiesBean bean) {
			Bindable<?> target = bean.asBindTarget();
			return new Target(ClassUtils.getUserClass(target.getType().resolve(Object.class)),
					target.getBindMethod() == BindMethod.VALUE_OBJECT);
		}

		/** Other objects with properties, such as a cache, do more than hold values. */
		boolean isCreatable() {
			return AnnotatedElementUtils.hasAnnotation(this.type, ConfigurationProperties.class)
					&& (this.byConstructor || ClassUtils.hasConstructor(this.type));
		}

		RootBeanDefinition definition(BeanFactory beans) {
			RootBeanDefinition definition = new RootBeanDefinition(this.type);
			definition.setLazyInit(true);
			if (this.byConstructor) {
				definition.setInstanceSupplier(() -> ConstructorBound.from(beans, this.type.getName(), this.type));
				// as Spring Boot marks its own definitions
				definition.setAttribute(BindMethod.class.getName(), BindMethod.VALUE_OBJECT);
			}
			return definition;
		}

	}

}
