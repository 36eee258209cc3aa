package dev.weir.simulator;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

class TargetTests {

	@ParameterizedTest
	@CsvSource({ "chat/completions, CHAT", "completions, COMPLETION", "embeddings, EMBEDDING",
			"images/generations, IMAGE", "audio/speech, SPEECH", "audio/transcriptions, TRANSCRIPTION",
			"audio/translations, TRANSLATION", "moderations, MODERATION" })
	void everyUrlOfAnOperationIsParsed(String path, SimulatedOperation operation) {
		assertThat(Target.parse("/v1/" + path)).contains(new Target(operation, false, null, "v1"));
		assertThat(Target.parse("/openai/v1/" + path)).contains(new Target(operation, true, null, "v1"));
		assertThat(Target.parse("/openai/v1/" + path + "?api-version=preview"))
			.contains(new Target(operation, true, null, "preview"));
		assertThat(Target.parse("/openai/deployments/my-gpt/" + path + "?api-version=2024-10-21"))
			.contains(new Target(operation, true, "my-gpt", "2024-10-21"));
	}

	@Test
	void theClassicUrlOfResponsesHasNoDeployment() {
		assertThat(Target.parse("/openai/responses?api-version=2025-03-01-preview"))
			.contains(new Target(SimulatedOperation.RESPONSE, true, null, "2025-03-01-preview"));
		assertThat(Target.parse("/openai/deployments/d/responses?api-version=2025-03-01-preview")).isEmpty();
	}

	@Test
	void aDeploymentIsPercentDecoded() {
		assertThat(Target.parse("/openai/deployments/my%20gpt/chat/completions?api-version=1"))
			.contains(new Target(SimulatedOperation.CHAT, true, "my gpt", "1"));
	}

	@ParameterizedTest
	@ValueSource(strings = { "/", "/v1", "/v1/nothing", "/v1/chat/completions/x", "/chat/completions?api-version=1",
			"/openai/deployments/d/chat/completions", "/openai/deployments/d/chat/completions?api-version=",
			"/openai/deployments//chat/completions?api-version=1", "/openai/deployments/d?api-version=1",
			"/openai/chat/completions?api-version=1", "/openai/responses" })
	void otherUrlsHaveNoTarget(String uri) {
		assertThat(Target.parse(uri)).isEmpty();
	}

}
