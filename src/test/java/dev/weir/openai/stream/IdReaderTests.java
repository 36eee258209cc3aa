package dev.weir.openai.stream;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.openai.stored.IdShape;
import dev.weir.openai.stored.ObjectKind;
import dev.weir.openai.stored.StoredObject;
import dev.weir.openai.stored.StoredOperation;

import static org.assertj.core.api.Assertions.assertThat;

class IdReaderTests {

	private static final IdShape RESPONSE = StoredOperation.of("POST", "responses").response();

	private static List<String> read(IdShape shape, String json, int pieces) {
		List<String> found = new ArrayList<>();
		IdReader reader = new IdReader(shape,
				(object) -> found.add(object.object().kind() + " " + object.object().id()));
		byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
		for (int at = 0; at < bytes.length; at += pieces) {
			reader.add(java.util.Arrays.copyOfRange(bytes, at, Math.min(bytes.length, at + pieces)));
		}
		return found;
	}

	@ParameterizedTest
	@ValueSource(ints = { 1, 2, 3, 7, 100_000 })
	void idsAreFoundInPiecesOfAnyLength(int pieces) {
		String json = "{\"metadata\":{\"id\":\"no\",\"x\":[{\"id\":\"no\"}]}, \"id\" : \"resp_1\",\"instructions\":\"\\\"id\\\":\\\"no\\\"{[\","
				+ "\"conversation\":{\"id\":\"conv_1\"},\"prompt\":null,\"output\":[{\"id\":\"msg_1\",\"content\":[{\"text\":\"}\",\"annotations\":[{\"container_id\":\"cntr_1\"}]}]},"
				+ "{\"type\":\"code_interpreter_call\",\"container_id\":\"cntr_2\",\"id\":\"ci_1\"}],\"usage\":{\"id\":\"no\"}}";
		assertThat(read(RESPONSE, json, pieces)).containsExactly("RESPONSE resp_1", "CONVERSATION conv_1", "ITEM msg_1",
				"CONTAINER cntr_1", "CONTAINER cntr_2", "ITEM ci_1");
	}

	@Test
	void idsOfAnEventAreFoundBehindItsFields() {
		assertThat(read(RESPONSE,
				"event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"id\":\"resp_1\"}}\n\n",
				5))
			.containsExactly("RESPONSE resp_1");
	}

	@Test
	void aListOfIdsIsRead() {
		IdShape shape = IdShape.NONE.id("file_ids", ObjectKind.FILE);
		assertThat(read(shape, "{\"file_ids\":[\"a\",[\"b\"],{\"c\":\"d\"},5,null,\"e\"],\"x\":\"y\"}", 4))
			.containsExactly("FILE a", "FILE b", "FILE e");
	}

	@ParameterizedTest
	@ValueSource(strings = { "", "{", "}}}}", "]]", "{\"id\"", "{\"id\":\"resp", "[[[[[[[[[[[[[[[[[[[[{\"id\":\"x\"}",
			"\"id\"", "{\"id\":{\"id\":\"x\"}}", "{\"id\":\"\"}", "{\"id\":7}" })
	void malformedJsonHasNoIds(String json) {
		assertThat(read(RESPONSE, json, 3)).isEmpty();
	}

	@Test
	void aVeryLongTextIsNoId() {
		assertThat(read(RESPONSE,
				"{\"id\":\"" + "x".repeat(10 * StoredObject.MAX_ID) + "\",\"output\":[{\"id\":\"m\"}]}", 1000))
			.containsExactly("ITEM m");
	}

}
