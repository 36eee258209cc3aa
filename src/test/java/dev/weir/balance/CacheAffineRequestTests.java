package dev.weir.balance;

import java.net.http.HttpResponse;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.stream.Stream;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

import dev.weir.testing.OpenResources;
import dev.weir.testing.RawBackend;
import dev.weir.testing.Scripts;
import dev.weir.testing.WeirServer;

import static dev.weir.testing.ReplyAssertions.header;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * The strategy {@code cache-affine} with real requests.
 */
class CacheAffineRequestTests {

	private static final String COMPLETION = """
			{"id":"c","object":"chat.completion","created":1,"model":"gpt-4o","choices":[{"index":0,"finish_reason":\
			"stop","message":{"role":"assistant","content":"hello"}}],"usage":{"prompt_tokens":250,"completion_tokens":1,\
			"total_tokens":251,"prompt_tokens_details":{"cached_tokens":192}}}""";

	private static final RawBackend.Script SERVES = Scripts.responding("200 OK", COMPLETION);

	@AutoClose
	private final OpenResources open = new OpenResources();

	private final RawBackend one = this.open.backend(SERVES);

	private final RawBackend two = this.open.backend(SERVES);

	private final RawBackend three = this.open.backend(SERVES);

	private final WeirServer weir = this.open
		.add(WeirServer.start(WeirServer.pool("strategy: cache-affine, cooldown: {default: 300ms}",
				WeirServer.backend("a", this.one.url()), WeirServer.backend("b", this.two.url()),
				WeirServer.backend("c", this.three.url()))));

	@Test
	void theTurnsOfAConversationGoToOneBackendAndConversationsToAll() {
		Set<String> all = new LinkedHashSet<>();
		for (int i = 0; i < 12; i++) {
			Set<String> backends = new LinkedHashSet<>();
			String history = "{\"role\":\"system\",\"content\":\"Be brief\"},{\"role\":\"user\",\"content\":\"question "
					+ i + "\"}";
			backends.add(backendOf("/v1/chat/completions", "{\"model\":\"gpt-4o\",\"messages\":[" + history + "]}"));
			history += ",{\"role\":\"assistant\",\"content\":\"answer\"},{\"content\":\"and?\",\"role\":\"user\"}";
			backends.add(backendOf("/v1/chat/completions",
					"{\"messages\":[" + history + "],\"temperature\":0,\"model\":\"gpt-4o\"}"));
			backends.add(backendOf("/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21",
					"{\"model\":\"gpt-4o\",\"stream\":false,\"messages\":[" + history + "]}"));
			assertThat(backends).as("conversation " + i).hasSize(1);
			all.addAll(backends);
		}
		assertThat(all).containsExactlyInAnyOrder("a", "b", "c");
	}

	@Test
	void thePromptCacheKeyDecidesAndTheBodyIsNotChanged() {
		Set<String> backends = new LinkedHashSet<>();
		for (int i = 0; i < 5; i++) {
			String body = "{\"model\":\"gpt-4o\",\"input\":\"question " + i + "\",\"prompt_cache_key\":\"user-7\"}";
			backends.add(backendOf("/v1/responses", body));
			assertThat(Stream.of(this.one, this.two, this.three).flatMap((it) -> it.requests().stream()))
				.anyMatch((request) -> request.endsWith("\r\n\r\n" + body));
		}
		assertThat(backends).hasSize(1);
	}

	@Test
	void requestsWithoutAPromptAreDistributed() {
		Set<String> backends = new LinkedHashSet<>();
		for (int i = 0; i < 40; i++) {
			backends.add(backendOf("/v1/embeddings", "{\"model\":\"embedding\",\"input\":\"text\"}"));
		}
		assertThat(backends).containsExactlyInAnyOrder("a", "b", "c");
	}

	@Test
	void aThrottledBackendIsReplacedUntilItsCooldownEnds() {
		String body = "{\"model\":\"gpt-4o\",\"messages\":[{\"role\":\"user\",\"content\":\"q\"}]}";
		String first = backendOf("/v1/chat/completions", body);
		RawBackend owner = first.equals("a") ? this.one : first.equals("b") ? this.two : this.three;
		owner.script(Scripts.throttling());
		String second = backendOf("/v1/chat/completions", body);
		assertThat(second).isNotEqualTo(first);
		owner.script(SERVES);
		long end = System.nanoTime() + 10_000_000_000L;
		while (!backendOf("/v1/chat/completions", body).equals(first)) {
			assertThat(System.nanoTime()).isLessThan(end);
		}
		assertThat(backendOf("/v1/chat/completions", body)).isEqualTo(first);
	}

	@Test
	void theCachedShareIsShown() {
		String backend = backendOf("/v1/chat/completions",
				"{\"model\":\"gpt-4o\",\"messages\":[{\"role\":\"user\",\"content\":\"q\"}]}");
		assertThat(this.weir.get("/actuator/backends/" + backend).body()).contains("\"cachedShare\":0.768");
		assertThat(this.weir.get("/actuator/prometheus").body())
			.containsPattern("weir_cached_tokens_total\\{backend=\"" + backend + "\",pool=\"openai\"} 192\\.0");
	}

	private String backendOf(String path, String body) {
		HttpResponse<String> reply = this.weir.post(path, body);
		assertThat(reply.statusCode()).as(reply.body()).isEqualTo(200);
		return header(reply, "x-weir-backend");
	}

}
