package dev.weir;

import java.util.Map;
import java.util.Set;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import org.springframework.stereotype.Component;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noFields;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

class ArchitectureTests {

	/**
	 * The packages that a package may use, names without {@code dev.weir}. A name
	 * includes its sub-packages.
	 */
	static final Map<String, Set<String>> MAY_USE = Map.ofEntries(Map.entry("config", Set.of()),
			Map.entry("config.load", Set.of("config")), Map.entry("logging", Set.of()), Map.entry("memory", Set.of()),
			Map.entry("openai.error", Set.of()), Map.entry("openai.quota", Set.of()),
			Map.entry("openai.stored", Set.of()), Map.entry("openai.body", Set.of("openai.stored", "openai.error")),
			Map.entry("openai.call", Set.of("openai.body", "openai.stored", "openai.error")),
			Map.entry("openai.stream", Set.of("openai.call", "openai.stored", "openai.error")),
			Map.entry("openai.list", Set.of("openai.call", "openai.stored", "openai.error")),
			Map.entry("openai.resume", Set.of("openai.call", "openai.stream")), Map.entry("simulator", Set.of()),
			Map.entry("credential", Set.of("config")), Map.entry("backend", Set.of("openai", "config")),
			Map.entry("request", Set.of("openai", "backend", "config", "memory")),
			Map.entry("balance", Set.of("request", "backend", "config")),
			Map.entry("classify", Set.of("openai", "backend", "config", "memory")),
			Map.entry("response", Set.of("classify", "request", "openai", "backend", "config", "memory")),
			Map.entry("reply", Set.of("response", "classify", "request", "openai", "backend", "config", "memory")),
			Map.entry("queue", Set.of("request", "backend", "config")),
			Map.entry("failover",
					Set.of("reply", "response", "classify", "queue", "request", "openai", "backend", "config",
							"memory")),
			Map.entry("inbound", Set.of("request", "openai", "backend", "config", "memory")),
			Map.entry("upstream", Set.of("request", "credential", "openai", "backend", "config", "memory")),
			Map.entry("affinity",
					Set.of("queue", "inbound", "upstream", "request", "credential", "openai", "backend", "config",
							"memory")),
			Map.entry("client", Set.of("request", "openai", "backend", "config")),
			Map.entry("client.limit", Set.of("request", "openai", "backend", "config")),
			Map.entry("websocket",
					Set.of("affinity", "failover", "reply", "response", "classify", "inbound", "server", "upstream",
							"request", "openai", "backend", "config", "memory")),
			Map.entry("list",
					Set.of("affinity", "failover", "reply", "response", "classify", "request", "openai", "backend",
							"config", "memory")),
			Map.entry("gateway",
					Set.of("affinity", "list", "websocket", "failover", "response", "inbound", "upstream", "balance",
							"request", "credential", "openai", "backend", "config", "memory")),
			Map.entry("server", Set.of("request", "openai", "backend", "config", "memory")),
			Map.entry("check", Set.of("gateway", "upstream", "credential", "classify", "openai", "backend", "config")),
			Map.entry("reload", Set.of("gateway", "backend", "config", "memory")),
			Map.entry("shared", Set.of("affinity", "client", "credential", "backend", "config")),
			Map.entry("ops", Set.of("request", "openai", "backend", "config", "memory")));

	private static final JavaClasses CLASSES = new ClassFileImporter()
		.withImportOption(new ImportOption.DoNotIncludeTests())
		.importPackages("dev.weir");

	@Test
	void packagesUseOnlyAllowedPackages() {
		MAY_USE.forEach((name, used) -> noClasses().that()
			.resideInAPackage("dev.weir." + name)
			.should()
			.dependOnClassesThat(new DescribedPredicate<>("belong to a package of Weir other than " + used) {

				@Override
				public boolean test(JavaClass it) {
					String other = it.getPackageName();
					return other.startsWith("dev.weir") && !isIn(name, other)
							&& used.stream().noneMatch((one) -> isIn(one, other));
				}

			})
			.because("a package with few dependencies can be understood by itself")
			.check(CLASSES));
	}

	@Test
	void exchangeAttributesOfTheGatewayAreKnownInOnePlaceOnly() {
		noClasses().that()
			.resideOutsideOfPackage("dev.weir.gateway")
			.should()
			.dependOnClassesThat()
			.haveFullyQualifiedName("org.springframework.cloud.gateway.support.ServerWebExchangeUtils")
			.because("a new version of the gateway may change them")
			.check(CLASSES);
	}

	@Test
	void settingsAreLoadedInOnePlaceOnly() {
		noClasses().that()
			.resideOutsideOfPackages("dev.weir.config.load", "dev.weir.reload")
			.should()
			.dependOnClassesThat()
			.resideInAPackage("dev.weir.config.load")
			.because("all others need the settings, not the sources they come from")
			.check(CLASSES);
	}

	@Test
	void everyPackageHasARule() {
		assertThat(CLASSES.stream()
			.map(JavaClass::getPackageName)
			.filter((name) -> name.startsWith("dev.weir."))
			.map((name) -> name.substring("dev.weir.".length()))).allMatch(MAY_USE::containsKey);
	}

	private static boolean isIn(String name, String other) {
		return (other + '.').startsWith("dev.weir." + name + '.');
	}

	@Test
	void packagesHaveNoCycles() {
		// sub-packages together with their parent, and each alone
		for (String slices : new String[] { "dev.weir.(*)..", "dev.weir.(**)" }) {
			slices().matching(slices)
				.should()
				.beFreeOfCycles()
				.because("packages in a cycle are one package")
				.check(CLASSES);
		}
	}

	@Test
	void everyPackageIsNullMarked() {
		assertThat(CLASSES.stream()
			.map(JavaClass::getPackage)
			.distinct()
			.filter((it) -> !it.isAnnotatedWith(NullMarked.class))).isEmpty();
	}

	@Test
	void nothingBlocksAThread() {
		for (Class<?> publisher : new Class<?>[] { Mono.class, Flux.class }) {
			for (String method : new String[] { "block", "blockFirst", "blockLast", "blockOptional", "toIterable",
					"toStream" }) {
				// the simulator waits for its servers on the main thread and the thread
				// that stops Weir; routes are built on the main thread and the thread
				// that
				// reloads the configuration
				noClasses().that()
					.resideOutsideOfPackage("dev.weir.simulator")
					.and()
					.doNotHaveFullyQualifiedName("dev.weir.gateway.LiveRoutes")
					.should()
					.callMethodWhere(new DescribedPredicate<>("blocks with " + method) {

						@Override
						public boolean test(JavaMethodCall call) {
							return call.getTargetOwner().isAssignableTo(publisher)
									&& call.getTarget().getName().equals(method);
						}

					})
					.because("a blocked event loop delays all its other requests")
					.check(CLASSES);
			}
		}
	}

	@Test
	void timeIsInjected() {
		noClasses().that()
			.doNotHaveFullyQualifiedName(WeirApplication.class.getName())
			.and()
			.resideOutsideOfPackages("dev.weir.credential", "dev.weir.simulator")
			.should()
			.callMethod(System.class, "nanoTime")
			.orShould()
			.callMethod(System.class, "currentTimeMillis")
			.orShould()
			.callMethod(java.time.Instant.class, "now")
			.because("a test must be able to set the time")
			.check(CLASSES);
	}

	@Test
	void classNamesDescribeTheClass() {
		classes().should()
			.haveSimpleNameNotEndingWith("Utils")
			.andShould()
			.haveSimpleNameNotEndingWith("Manager")
			.andShould()
			.haveSimpleNameNotEndingWith("Helper")
			.andShould()
			.haveSimpleNameNotEndingWith("Impl")
			.because("such names do not describe a class")
			.check(CLASSES);
	}

	@Test
	void configurationClassesHaveTheNameByWhichTheyAreFound() {
		classes().that()
			.areMetaAnnotatedWith(Component.class)
			.should()
			.haveSimpleNameEndingWith("Configuration")
			.orShould()
			.be(WeirApplication.class)
			.because("the component scan reads only classes with this name")
			.check(CLASSES);
	}

	@Test
	void noTwoClassesHaveTheSameName() {
		assertThat(CLASSES.stream()
			.filter(JavaClass::isTopLevelClass)
			.map(JavaClass::getSimpleName)
			.filter((name) -> !name.equals("package-info"))).doesNotHaveDuplicates();
	}

	@Test
	void fieldsAreNotInjected() {
		noFields().should()
			.beAnnotatedWith("org.springframework.beans.factory.annotation.Autowired")
			.because("constructors show the dependencies of a class")
			.check(CLASSES);
	}

}
