package dev.weir.check;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.TimeoutException;
import java.util.function.BiFunction;

import io.netty.handler.timeout.ReadTimeoutException;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import dev.weir.check.Finding.Step;
import dev.weir.classify.BackendMessage;
import dev.weir.config.BackendDialect;
import dev.weir.config.BackendProperties;
import dev.weir.config.Suggestion;
import dev.weir.credential.Credential;
import dev.weir.credential.CredentialException;
import dev.weir.credential.CredentialHeader;
import dev.weir.openai.call.ModelList;
import dev.weir.openai.error.ErrorDetails;
import dev.weir.upstream.BackendEndpoints;

/**
 * Tries the credential of a backend with a request for its list of models, which costs no
 * tokens, and compares the list with the configured models. Azure's list of models names
 * those that could be deployed. Its deployments are only in a list of an old version of
 * its API, which not every resource has.
 */
final class ModelsProbe {

	private static final String CLASSIC_MODELS = "/openai/models?api-version=2024-10-21";

	/** The last version of Azure's data plane with a list of deployments. */
	private static final String DEPLOYMENTS = "/openai/deployments?api-version=2023-03-15-preview";

	private static final int SHOWN = 10;

	private final BackendProperties backend;

	private final Credential credential;

	private final BiFunction<String, Optional<CredentialHeader>, Mono<ProbeResponse>> client;

	private final String base;

	private final boolean azure;

	/**
	 * Creates the check.
	 * @param backend the backend
	 * @param credential its credential
	 * @param client sends a GET request to a URL
	 */
	ModelsProbe(BackendProperties backend, Credential credential,
			BiFunction<String, Optional<CredentialHeader>, Mono<ProbeResponse>> client) {
		this.backend = backend;
		this.credential = credential;
		this.client = client;
		this.base = BackendEndpoints.base(backend);
		this.azure = backend.effectiveDialect() == BackendDialect.AZURE;
	}

	/**
	 * Sends the requests.
	 * @return the results for credential and models; never an error
	 */
	Mono<List<Finding>> findings() {
		return this.credential.header()
			.map(Optional::of)
			.defaultIfEmpty(Optional.empty())
			.flatMap(this::ask)
			.onErrorResume((error) -> Mono.just(List.of(failure(error))));
	}

	private Mono<List<Finding>> ask(Optional<CredentialHeader> header) {
		return this.client.apply(this.base + (this.azure ? "/openai/v1/models" : "/models"), header)
			.flatMap((response) -> (this.azure && response.status() == 404)
					? this.client.apply(this.base + CLASSIC_MODELS, header) : Mono.just(response))
			.flatMap((response) -> {
				Finding credential = credential(response, header.isPresent());
				if (credential.isFault()) {
					return Mono.just(List.of(credential));
				}
				return models(response, header).map((models) -> List.of(credential, models));
			});
	}

	private Finding credential(ProbeResponse response, boolean sent) {
		int status = response.status();
		if (status == 200) {
			return Finding.ok(Step.CREDENTIAL, sent ? "accepted" : "none, and none is needed");
		}
		ErrorDetails error = ErrorDetails.read(response.body());
		if (status == 401 || status == 403) {
			return CredentialAdvice.of(this.backend, status, error);
		}
		if (status >= 500) {
			return Finding.fault(Step.CREDENTIAL, "it responds with " + status + reason(error),
					"Check the backend itself.");
		}
		if (status >= 300 && status < 400) {
			return Finding.fault(Step.CREDENTIAL, "it responds with " + status + ", a redirect",
					"Write the address that it redirects to into url. Weir does not follow redirects.");
		}
		return Finding.unknown(Step.CREDENTIAL,
				"not known: it responds with " + status + " to a request for its models");
	}

	private String reason(ErrorDetails error) {
		String message = BackendMessage.shortened(error.message(), this.backend.apiKey());
		return (message != null) ? " (" + message + ")" : "";
	}

	private Mono<Finding> models(ProbeResponse response, Optional<CredentialHeader> header) {
		if (this.backend.models().isEmpty()) {
			return Mono.just(Finding.ok(Step.MODELS, "every model under its own name"));
		}
		if (!this.azure) {
			return Mono.just(compare(read(response), "the list is empty or cannot be read"));
		}
		return this.client.apply(this.base + DEPLOYMENTS, header)
			.map((list) -> compare(read(list), "Azure does not list the deployments"))
			.onErrorResume((error) -> Mono.just(compare(null, "Azure does not list the deployments")));
	}

	private static @Nullable SortedSet<String> read(ProbeResponse response) {
		if (response.status() != 200) {
			return null;
		}
		try {
			return ModelList.read(response.body());
		}
		catch (RuntimeException ex) {
			return null;
		}
	}

	private Finding compare(@Nullable Collection<String> listed, String otherwise) {
		Set<String> deployments = new LinkedHashSet<>(this.backend.models().values());
		if (listed == null || listed.isEmpty()) {
			return Finding.unknown(Step.MODELS, "cannot be listed: " + otherwise);
		}
		List<String> missing = new ArrayList<>(deployments);
		missing.removeIf((name) -> isIn(listed, name));
		if (missing.isEmpty()) {
			return Finding.ok(Step.MODELS, deployments.size() + " of " + deployments.size() + " found");
		}
		String names = String.join(", ", missing);
		String cure = Suggestion.of(missing.get(0), listed).map((name) -> "Did you mean " + name + "? ").orElse("")
				+ "There are " + shown(listed) + ".";
		// servers may have aliases that they do not list
		return this.azure ? Finding.fault(Step.MODELS, "there is no deployment " + names, cure)
				: Finding.warning(Step.MODELS, "its list does not contain " + names, cure);
	}

	/** Ollama adds a default tag to names without one. */
	private static boolean isIn(Collection<String> listed, String name) {
		return listed.contains(name) || listed.contains(name + ":latest");
	}

	private static String shown(Collection<String> names) {
		List<String> first = new TreeSet<>(names).stream().limit(SHOWN).toList();
		return String.join(", ", first) + ((names.size() > SHOWN) ? " and " + (names.size() - SHOWN) + " more" : "");
	}

	private static Finding failure(Throwable error) {
		if (error instanceof CredentialException) {
			String message = String.valueOf(error.getMessage());
			int cure = message.indexOf("). ");
			return (cure > 0)
					? Finding.fault(Step.CREDENTIAL, message.substring(0, cure + 1), message.substring(cure + 3) + ".")
					: Finding.fault(Step.CREDENTIAL, message, "");
		}
		if (error instanceof BackendProbe.TooLongException) {
			return Finding.unknown(Step.MODELS, "cannot be listed: the list has " + error.getMessage());
		}
		boolean late = error instanceof TimeoutException || error instanceof ReadTimeoutException;
		return Finding.fault(Step.CREDENTIAL,
				late ? "no response within " + SettingText.duration(BackendProbe.RESPONSE_LIMIT)
						: "the connection broke (" + error.getMessage() + ")",
				"Check that the server behind the connection works, and that url names it.");
	}

}
