package dev.weir.openai.stream;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

class UsageReaderTests {

	private static final String DETAILS = "'prompt_tokens_details':{'cached_tokens':2,'usage':{'prompt_tokens':99}}";

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '~', nullValues = "-", value = {
			"{'id':'c','choices':[{'message':{'content':'x'}}],'usage':{'prompt_tokens':7,'completion_tokens':9},'a':[]} | 7 | 9",
			"{'usage':{'completion_tokens':9,'prompt_tokens':7},'choices':[]} | 7 | 9",
			"{'object':'list','data':[{'embedding':[0.1,-2e5]}],'usage':{'prompt_tokens':8,'total_tokens':8}} | 8 | 0",
			"{'object':'response','output':[],'usage':{'input_tokens':1,'output_tokens':2},'user':null} | 1 | 2",
			"{ 'usage' : { 'prompt_tokens' : 7 , 'completion_tokens' : 9 } } | 7 | 9",
			"{'usage':{" + DETAILS + ",'prompt_tokens':7,'completion_tokens':9}} | 7 | 9",
			"{'response':{'usage':{'input_tokens':1,'output_tokens':2}},'x':1} | 1 | 2",
			"{'response':{'a':{'usage':{'input_tokens':1}}}} | - | -", "{'a':{'usage':{'input_tokens':1}}} | - | -",
			"{'response':{},'a':{'usage':{'input_tokens':1}}} | - | -",
			"{'a':{'response':{'usage':{'input_tokens':1}}}} | - | -",
			"{'response':[{'usage':{'input_tokens':1}}]} | - | -", "{'usage':null} | - | -", "{'usage':'x'} | - | -",
			"{'usage':[1]} | - | -", "{'usage':{}} | - | -", "{'usage':{'prompt_tokens':'7'}} | - | -",
			"{'text':'\\\\','usage':{'prompt_tokens':7}} | 7 | 0",
			"{'text':'\\'usage\\':{\\'prompt_tokens\\':1}'} | - | -",
			"{'text':'x\\\\\\',\\'usage\\':{\\'prompt_tokens\\':1},'} | - | -",
			"{'a':'usage','b':{'prompt_tokens':1}} | - | -", "{'a':['usage',{'prompt_tokens':1}]} | - | -",
			"[{'usage':{'prompt_tokens':1}}] | - | -", "{'usages':{'prompt_tokens':1}} | - | -",
			"{'usage':{'prompt_tokens':1 | - | -", "{'usage':{'prompt_tokens':1},'usage':null} | 1 | 0",
			"<html>'usage':{'prompt_tokens':1}</html> | - | -", "}}]]{'usage':{'prompt_tokens':1}} | 1 | 0",
			"event: x¶data: {'response':{'usage':{'input_tokens':1,'output_tokens':2}}}¶¶ | 1 | 2", "'' | - | -" })
	void theUsageIsFoundByTheStructureOfTheJson(String json, Long input, Long output) {
		byte[] bytes = bytes(json);
		Usage expected = (input != null) ? new Usage(input, output, json.contains(DETAILS) ? 2 : 0) : null;
		for (int size : new int[] { 1, 2, 7, Math.max(1, bytes.length) }) {
			assertThat(read(bytes, size)).as("in buffers of %s", size).isEqualTo(expected);
		}
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
			{'usage':{'prompt_tokens':2000,'prompt_tokens_details':{'audio_tokens':1,'cached_tokens':1024}}}  | 1024
			{'usage':{'input_tokens_details':{'cached_tokens':1024},'input_tokens':2000}}                     | 1024
			{'usage':{'input_tokens':2000,'input_token_details':{'cached_tokens':5,'x':{'cached_tokens':9}}}} | 5
			{'usage':{'input_tokens':7,'input_tokens_details':{'cached_tokens':9}}}                           | 7
			{'usage':{'input_tokens':7,'input_tokens_details':null}}                                          | 0
			{'usage':{'input_tokens':7,'input_tokens_details':{'cached_tokens':-1}}}                          | 0
			{'usage':{'input_tokens':7,'input_tokens_details':[{'cached_tokens':3}]}}                         | 0
			""")
	void cachedTokensAreInTheDetails(String json, long cached) {
		assertThat(read(bytes(json), 7).cachedTokens()).isEqualTo(cached);
	}

	@Test
	void aUsageThatIsTooLongIsNotKept() {
		String usage = "{'usage':{'prompt_tokens':1,'x':'" + "y".repeat(17 * 1024) + "'}}";
		assertThat(read(bytes(usage), 1024)).isNull();
		assertThat(read(bytes(usage.replace("y".repeat(1024), "")), 1024)).isEqualTo(new Usage(1, 0));
	}

	@Test
	void theUsageOfALongResponseIsFound() {
		String response = "{'data':['" + "'{'usage':".repeat(300_000).replace("'", "\\'")
				+ "'],'usage':{'prompt_tokens':8}}";
		assertThat(read(bytes(response), 8192)).isEqualTo(new Usage(8, 0));
	}

	private static @Nullable Usage read(byte[] bytes, int size) {
		UsageReader reader = new UsageReader();
		for (int i = 0; i < bytes.length; i += size) {
			reader.add(Arrays.copyOfRange(bytes, i, Math.min(bytes.length, i + size)));
		}
		return reader.usage();
	}

	private static byte[] bytes(String text) {
		return text.replace('\'', '"').replace('¶', '\n').getBytes(StandardCharsets.UTF_8);
	}

}
