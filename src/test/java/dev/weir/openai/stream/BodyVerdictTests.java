package dev.weir.openai.stream;

import java.nio.charset.StandardCharsets;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

class BodyVerdictTests {

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '~',
			value = { "~~ | UNDECIDED", "{ | UNDECIDED", "text | UNDECIDED", "{'id':'x' | UNDECIDED",
					"{'choices':[{ | UNDECIDED", "{'choices':[] | SUCCESS", "{'usage':'x | UNDECIDED",
					"{'usage':'x' | SUCCESS", "{'object':'list' | SUCCESS", "{'object':'lis | UNDECIDED",
					"{'object':'error' | ERROR", "{'error':{'code':'x'} | ERROR", "{'error':{'code':'x' | UNDECIDED",
					"{'error':{'code':'x', | UNDECIDED", "{'error':{'code':nu | UNDECIDED",
					"{'error':{'code | UNDECIDED", "[{'error':{'code':'x'} | ERROR", "{'error':'text' | ERROR",
					"{'error':null} | SUCCESS", "{'error':{}} | SUCCESS", "{'error':''} | SUCCESS",
					"{'error':1} | SUCCESS", "{'object':'response','error':{'a':1} | FAILED_RESPONSE",
					"{'object':'response','error':null,'output':[] | SUCCESS", "{'message':'m'} | ERROR",
					"{'detail':'m'} | ERROR", "{'message':{}} | SUCCESS", "{'message':'m','data':[]} | SUCCESS",
					"{} | SUCCESS", "{}x | UNDECIDED", "{'a':{'error':{'b':1}}} | SUCCESS" })
	void theFirstDecidingPropertyIsTheVerdict(String body, BodyVerdict verdict) {
		assertThat(of(body.replace('\'', '"').getBytes(StandardCharsets.UTF_8))).isEqualTo(verdict);
	}

	@Test
	void anErrorWithInvalidUtf8IsAnError() {
		assertThat(of("{\"error\":{\"message\":\"\u00e4\"}}".getBytes(StandardCharsets.ISO_8859_1)))
			.isEqualTo(BodyVerdict.ERROR);
	}

	private static BodyVerdict of(byte[] body) {
		return BodyVerdict.of(body, body.length);
	}

}
