package dev.weir.openai.body;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Random;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.openai.error.MalformedRequestException;

import static dev.weir.openai.body.BodyText.bytes;
import static dev.weir.openai.body.BodyText.joined;
import static dev.weir.openai.body.BodyText.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

class MultipartBodyTests {

	private static final String FILE = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"model\"\r\n"
			+ "Content-Type: audio/wav\r\n\r\nRIFF\0\r\n--c\r\nname=\"model\"\r\n\r\n-\n--b--\n\r\n";

	private static final String MODEL = "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n";

	private static final String END = "--b--\r\n";

	@ParameterizedTest
	@ValueSource(strings = { FILE + MODEL + END, MODEL + FILE + END, MODEL + "--b--", "preamble\r\n" + MODEL + END,
			"\r\n" + MODEL + END, "x--b\r\n" + MODEL + END, MODEL + END + "epilogue\r\n" + MODEL,
			"--b \t\r\nContent-Disposition: form-data; name=model\r\n\r\nwhisper-1\r\n--b--",
			"--b\r\nX: y\r\ncontent-DISPOSITION:FORM-DATA ;a=\";\\\";\"; NAME = \"mod\\el\";\r\nZ:\r\n\r\nwhisper-1\r\n--b--" })
	void onlyTheModelIsReplaced(String body) {
		RequestBody multipart = read(body);
		assertThat(multipart.model()).isEqualTo("whisper-1");
		int at = body.indexOf("whisper-1");
		assertThat(text(multipart.withModel("\"ä\\")))
			.isEqualTo(body.substring(0, at) + "\"ä\\" + body.substring(at + "whisper-1".length()));
	}

	@Test
	void anAbsentModelIsInsertedFirst() {
		assertThat(read(FILE + END).model()).isNull();
		assertThat(text(read(FILE + END).withModel("whisper-1"))).isEqualTo(MODEL + FILE + END);
		assertThat(text(read("preamble\r\n" + FILE + END).withModel("whisper-1")))
			.isEqualTo("preamble\r\n" + MODEL + FILE + END);
		assertThat(text(read("--b--").withModel("whisper-1"))).isEqualTo(MODEL + "--b--");
	}

	@ParameterizedTest
	@ValueSource(strings = { "multipart/form-data; boundary=b", "Multipart/Form-Data;BOUNDARY=\"b\"",
			"multipart/form-data; charset=utf-8; boundary=b ;", "multipart/form-data; x=\"; boundary=c\"; boundary=b" })
	void boundaryMayBeWrittenInManyWays(String contentType) {
		assertThat(RequestBody.of(bytes(MODEL + END), contentType).model()).isEqualTo("whisper-1");
	}

	@ParameterizedTest
	@ValueSource(strings = { "----WebKitFormBoundaryx7MA4YWxkTrZu0gW", "a b'()+_,-./:=?c" })
	void boundaryMayHaveUnusualCharacters(String boundary) {
		String body = (MODEL + END).replace("--b", "--" + boundary);
		assertThat(RequestBody.of(bytes(body), "multipart/form-data; boundary=\"" + boundary + "\"").model())
			.isEqualTo("whisper-1");
		String longest = "b".repeat(70);
		assertThat(RequestBody.of(bytes(body.replace(boundary, longest)), "multipart/form-data; boundary=" + longest)
			.model()).isEqualTo("whisper-1");
	}

	@ParameterizedTest
	@ValueSource(strings = { "multipart/form-data", "multipart/form-data; boundary=",
			"multipart/form-data; boundary=\"\"", "multipart/form-data; boundary=\"b",
			"multipart/form-data; boundary=b\"", "multipart/form-data; boundary",
			"multipart/form-data; boundary=b; boundary=b", "multipart/form-data; boundary=\"b \"",
			"multipart/form-data; boundary=ä", "multipart/form-data; boundary=\"b\r\n\"", "multipart/form-data; =b",
			"multipart/form-data; boundary=\"b\"x" })
	void invalidBoundariesAreRefused(String contentType) {
		assertThatExceptionOfType(MalformedRequestException.class)
			.isThrownBy(() -> RequestBody.of(bytes(MODEL + END), contentType))
			.withMessageContaining("Content-Type");
	}

	@Test
	void boundariesOfMoreThan70CharactersAreRefused() {
		String boundary = "b".repeat(71);
		assertThatExceptionOfType(MalformedRequestException.class)
			.isThrownBy(() -> RequestBody.of(bytes((MODEL + END).replace("--b", "--" + boundary)),
					"multipart/form-data; boundary=" + boundary))
			.withMessageContaining("1 to 70");
	}

	@ParameterizedTest
	@ValueSource(strings = { "nothing", "x--b--", "--c--", MODEL, MODEL + "--b", MODEL + "--b-", "--b", "--b\r\n",
			"--b\r\n\r\n--b--", "--bx\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\r\n--b--",
			"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\r\n--bx\r\n" + MODEL + END,
			"--b\nContent-Disposition: form-data; name=\"a\"\n\nx\n--b--", "--b\r\nX: y\r\n\r\nx\r\n--b--",
			"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--",
			"--b\r\nContent-Disposition: form-data; name\r\n\r\nx\r\n--b--",
			"--b\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n--b--",
			"--b\r\nContent-Disposition: form-data; name=a; name=model\r\n\r\nx\r\n--b--",
			"--b\r\nContent-Disposition: form-data; name=\"a\r\n\r\nx\r\n--b--",
			"--b\r\nContent-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=model\r\n\r\nx\r\n--b--",
			"--b\r\nContent-Disposition: form-data;\r\n name=model\r\n\r\nx\r\n--b--",
			"--b\r\nContent-Disposition : form-data; name=model\r\n\r\nx\r\n--b--",
			"--b\r\nContent-Disposition: form-data; name=a\nContent-Type: b\r\n\r\nx\r\n--b--",
			"--b\r\nContent-Disposition: form-data; name=a\0\r\n\r\nx\r\n--b--",
			"--b\r\nContent-Disposition: form-data; name=a\r\n\r\n--b\r\nContent-Disposition: form-data; name=model\r\n\r\nx\r\n--b--",
			"--b\r\nContent-Disposition: form-data; name=a\r\n--b--", "--b\r\n: x\r\n\r\nx\r\n--b--",
			MODEL + MODEL + END })
	void ambiguousBodiesAreRefused(String body) {
		assertThatExceptionOfType(MalformedRequestException.class).isThrownBy(() -> read(body));
	}

	@Test
	void theHeadersOfAPartAreLimited() {
		assertThat(read("--b\r\nX: " + "x".repeat(16_000) + MODEL.substring(3) + END).model()).isEqualTo("whisper-1");
		assertThatExceptionOfType(MalformedRequestException.class)
			.isThrownBy(() -> read("--b\r\nX: " + "x".repeat(17_000) + MODEL.substring(3) + END));
	}

	@ParameterizedTest
	@ValueSource(strings = { "true", "false", "True", "", "truex", "tru" })
	void streamIsTrueOnlyAsAField(String value) {
		String stream = "--b\r\nContent-Disposition: form-data; name=\"stream\"\r\n\r\n" + value + "\r\n";
		assertThat(read(MODEL + stream + END).stream()).isEqualTo(value.equals("true"));
		assertThat(read(stream.replace("\"\r", "\"; filename*=x\r") + END).stream()).isFalse();
	}

	@Test
	void emptyFieldsAreAllowed() {
		assertThat(read("--b\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n" + MODEL + END).model())
			.isEqualTo("whisper-1");
	}

	@ParameterizedTest
	@ValueSource(strings = { "a\nb", "a\r\nb", "a\0" })
	void invalidModelsAreRefused(String name) {
		assertThatExceptionOfType(MalformedRequestException.class)
			.isThrownBy(() -> read(MODEL.replace("whisper-1", name) + END))
			.withMessageStartingWith("The value of 'model' ");
		assertThatIllegalArgumentException().isThrownBy(() -> read(FILE + END).withModel(name));
	}

	@ParameterizedTest
	@ValueSource(strings = { "", " " })
	void aBlankModelCountsAsAbsentAndIsReplaced(String name) {
		RequestBody body = read(FILE + MODEL.replace("whisper-1", name) + END);
		assertThat(body.model()).isNull();
		assertThat(text(body.bytes())).isEqualTo(FILE + MODEL.replace("whisper-1", name) + END);
		assertThat(text(body.withModel("whisper-1"))).isEqualTo(FILE + MODEL + END);
		assertThatExceptionOfType(MalformedRequestException.class)
			.isThrownBy(() -> read(MODEL.replace("whisper-1", name) + MODEL + END))
			.withMessageContaining("more than one");
	}

	@Test
	void modelMustBeUtf8AndShort() {
		assertThat(read(MODEL.replace("whisper-1", "ä€") + END).model()).isEqualTo("ä€");
		byte[] latin1 = (MODEL.replace("whisper-1", "ä") + END).getBytes(StandardCharsets.ISO_8859_1);
		assertThatExceptionOfType(MalformedRequestException.class)
			.isThrownBy(() -> RequestBody.of(latin1, "multipart/form-data; boundary=b"))
			.withMessageContaining("UTF-8");
		for (int length : new int[] { 257, 1_000_000 }) {
			assertThatExceptionOfType(MalformedRequestException.class)
				.isThrownBy(() -> read(MODEL.replace("whisper-1", "a".repeat(length)) + END))
				.withMessageContaining("more than 256");
		}
	}

	@Test
	@Timeout(10)
	void largeFilesAreSkippedFast() {
		byte[] noise = new byte[20_000_000];
		new Random(7).nextBytes(noise);
		ByteArrayOutputStream whole = new ByteArrayOutputStream();
		whole.writeBytes(bytes("--b\r\nContent-Disposition: form-data; name=f; filename=f\r\n\r\n"));
		whole.writeBytes(noise);
		whole.writeBytes(bytes("\r\n" + MODEL + END));
		RequestBody multipart = RequestBody.of(whole.toByteArray(), "multipart/form-data; boundary=b");
		assertThat(multipart.model()).isEqualTo("whisper-1");
		assertThat(joined(multipart.withModel("whisper-2"))).hasSize(whole.size());
	}

	@Test
	@Timeout(10)
	void noBoundaryMakesTheSearchSlow() {
		String boundary = "a".repeat(70);
		String near = ("\r\n--" + "a".repeat(69)).repeat(200_000);
		String far = "a".repeat(30_000_000);
		String body = "--" + boundary + "\r\nContent-Disposition: form-data; name=f; filename=f\r\n\r\n" + near + "b"
				+ far + "\r\n--" + boundary + "--";
		assertThat(RequestBody.of(bytes(body), "multipart/form-data; boundary=" + boundary).model()).isNull();
	}

	private static RequestBody read(String body) {
		return RequestBody.of(bytes(body), "multipart/form-data; boundary=b");
	}

}
