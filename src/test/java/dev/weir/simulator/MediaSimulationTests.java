package dev.weir.simulator;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Clock;
import java.util.Base64;

import javax.imageio.ImageIO;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

import static org.assertj.core.api.Assertions.assertThat;

class MediaSimulationTests {

	private static final String TEXT = "This is a simulated response from openai1. No model was called.";

	private static final String MODEL_PART = """
			--limit\r
			Content-Disposition: form-data; name="model"\r
			\r
			whisper\r
			""";

	private static final String FILE_PART = """
			--limit\r
			Content-Disposition: form-data; name="file"; filename="a.mp3"\r
			Content-Type: audio/mpeg\r
			\r
			%s\r
			""".formatted("sound ".repeat(50_000));

	private static final String END = "--limit--\r\n";

	@AutoClose
	private final SimulatedBackend backend = SimulatedBackend
		.start(SimulatorProperties.Backend.withoutDelay("openai1", 20_000), Clock.systemUTC());

	private final SimulatorClient client = new SimulatorClient(this.backend.url());

	@Test
	void anImageIsAValidPng() throws IOException {
		JsonNode image = SimulatorClient.json(this.client.post("/v1/images/generations", """
				{"model":"gpt-image-1","prompt":"a weir"}"""));
		byte[] png = Base64.getDecoder().decode(image.at("/data/0/b64_json").asString());
		assertThat(ImageIO.read(new ByteArrayInputStream(png)).getWidth()).isEqualTo(1);
		assertThat(image.at("/data/0/revised_prompt").asString()).isEqualTo(TEXT);
		assertThat(image.path("created").asLong()).isPositive();
	}

	@Test
	void speechIsBinaryAndChunked() {
		HttpResponse<byte[]> speech = this.client.send(
				this.client.request("/v1/audio/speech")
					.POST(BodyPublishers.ofString("{\"model\":\"tts\",\"input\":\"hi\",\"voice\":\"alloy\"}")),
				BodyHandlers.ofByteArray());
		assertThat(speech.headers().firstValue("content-type")).contains("audio/mpeg");
		assertThat(speech.headers().firstValue("content-length")).isEmpty();
		assertThat(speech.body()).hasSize(4 * 417).startsWith(0xFF, 0xFB, 0x90, 0x00);
	}

	@ParameterizedTest
	@ValueSource(strings = { "/v1/audio/transcriptions", "/openai/v1/audio/translations",
			"/openai/deployments/w/audio/transcriptions?api-version=2024-10-21" })
	void audioIsTranscribedToTheSimulatedText(String path) {
		HttpResponse<String> response = form(path, MODEL_PART + FILE_PART + END);
		assertThat(response.statusCode()).isEqualTo(200);
		assertThat(SimulatorClient.json(response).path("text").asString()).isEqualTo(TEXT);
	}

	@Test
	void aFormWithoutAFileOrAModelIsRefused() {
		HttpResponse<String> noFile = form("/v1/audio/transcriptions", MODEL_PART + END);
		assertThat(noFile.statusCode()).isEqualTo(400);
		assertThat(SimulatorClient.json(noFile).at("/error/param").asString()).isEqualTo("file");
		HttpResponse<String> noModel = form("/v1/audio/transcriptions", FILE_PART + END);
		assertThat(noModel.statusCode()).isEqualTo(400);
		assertThat(SimulatorClient.json(noModel).at("/error/param").asString()).isEqualTo("model");
	}

	@Test
	void aBodyThatIsNotAFormIsRefused() {
		assertThat(this.client.post("/v1/audio/transcriptions", "{}").statusCode()).isEqualTo(400);
		assertThat(form("/v1/audio/transcriptions", "nonsense").statusCode()).isEqualTo(400);
		assertThat(this.client
			.send(this.client.request("/v1/audio/transcriptions")
				.header("content-type", "multipart/form-data")
				.POST(BodyPublishers.ofString(FILE_PART + END)))
			.statusCode()).isEqualTo(400);
	}

	@Test
	void noInputOfAModerationIsFlagged() {
		JsonNode moderation = SimulatorClient.json(this.client.post("/v1/moderations", """
				{"model":"omni-moderation-latest","input":["a","b"]}"""));
		assertThat(moderation.path("results").size()).isEqualTo(2);
		assertThat(moderation.at("/results/1/flagged").asBoolean(true)).isFalse();
		assertThat(moderation.at("/results/1/categories").size()).isEqualTo(13);
		JsonNode single = SimulatorClient.json(this.client.post("/v1/moderations", """
				{"model":"omni-moderation-latest","input":"a"}"""));
		assertThat(single.path("results").size()).isEqualTo(1);
	}

	@Test
	void aModerationOfTooManyInputsIsRefused() {
		String inputs = "\"\",".repeat(2048) + "\"\"";
		assertThat(this.client.post("/v1/moderations", "{\"model\":\"m\",\"input\":[" + inputs + "]}").statusCode())
			.isEqualTo(400);
	}

	private HttpResponse<String> form(String path, String body) {
		return this.client.send(this.client.request(path)
			.header("content-type", "multipart/form-data; boundary=limit")
			.POST(BodyPublishers.ofString(body)));
	}

}
