package dev.weir.testing;

import java.net.http.HttpResponse;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Assertions about the reply that a client of Weir got.
 */
public final class ReplyAssertions {

	private ReplyAssertions() {
	}

	/**
	 * The value of a header.
	 * @param reply the reply
	 * @param name the header's name
	 * @return its first value, empty if there is none
	 */
	public static String header(HttpResponse<?> reply, String name) {
		return reply.headers().firstValue(name).orElse("");
	}

	/**
	 * Asserts that a backend served the request with the completion of {@link Bodies},
	 * and that nothing else shows in the reply.
	 * @param reply the reply
	 * @param backend the backend's name
	 */
	public static void assertServedBy(HttpResponse<String> reply, String backend) {
		assertThat(reply.statusCode()).as(reply.body()).isEqualTo(200);
		assertThat(reply.body()).isEqualTo(Bodies.COMPLETION);
		assertThat(header(reply, "x-weir-backend")).isEqualTo(backend);
		assertThat(reply.headers().map()).doesNotContainKeys("retry-after", "retry-after-ms");
		assertNoSecret(reply);
	}

	/**
	 * Asserts the same, and the number of attempts.
	 * @param reply the reply
	 * @param backend the backend's name
	 * @param attempts the attempts, the last one included
	 */
	public static void assertServedBy(HttpResponse<String> reply, String backend, int attempts) {
		assertServedBy(reply, backend);
		assertThat(header(reply, "x-weir-attempts")).isEqualTo(String.valueOf(attempts));
	}

	/**
	 * Asserts that a reply does not show the key of a backend.
	 * @param reply the reply
	 */
	public static void assertNoSecret(HttpResponse<String> reply) {
		assertThat(reply.headers().map() + reply.body()).doesNotContain("key-of-");
	}

}
