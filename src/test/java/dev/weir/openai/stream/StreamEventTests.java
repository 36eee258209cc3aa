package dev.weir.openai.stream;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.openai.error.ErrorDetails;

import static org.assertj.core.api.Assertions.assertThat;

class StreamEventTests {

	/** {@code ¶} is LF; the blank line is added. */
	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '~', value = { ": ping | NO_CONTENT", "'' | NO_CONTENT",
			"event: x | NO_CONTENT", "id: 1¶retry: 5 | NO_CONTENT", "data: | NO_CONTENT", "data | NO_CONTENT",
			"data: {'id':'','choices':[],'prompt_filter_results':[{'a':'b'}]} | NO_CONTENT",
			"data: {'choices':[ ],'usage':{'prompt_tokens':1}} | NO_CONTENT",
			"data:{'choices' : [¶data: ] } | NO_CONTENT", "data: {'choices':[{}]} | NO_CONTENT",
			"data: {'choices':[[]]} | CONTENT", "data: {'choices':{}} | CONTENT",
			"data: {'x':{'choices':[]}} | CONTENT", "data: {'choices':[]} x | CONTENT",
			"event: response.created¶data: {'type':'response.created','response':{'error':null}} | NO_CONTENT",
			"data: {'type':'response.in_progress'} | NO_CONTENT", "data: {'type':'response.queued'} | NO_CONTENT",
			"event: response.queued¶data: {'a':1} | NO_CONTENT",
			"event: response.queued¶data: {'type':'response.completed'} | CONTENT",
			"data: {'type':'response.output_item.added'} | CONTENT", "event: response.created¶data: {'a | CONTENT",
			"data: {'error':{'message':'m'}} | ERROR", "data: {'error':'text'} | ERROR",
			"data: { 'a' : [1,{'b':'}'}] , 'error' : {} } | ERROR",
			"data: {'error':null,'choices':[{'text':'x'}]} | CONTENT", "data: {'error':null} | CONTENT",
			"data: {'a':{'error':{}}} | CONTENT", "data: [{'error':{}}] | CONTENT",
			"data: {'a':'\\',\\'error\\':{}'} | CONTENT", "data: {'\\u0065rror':{}} | ERROR",
			"data: {'typ\\u0065':'err\\u006fr'} | ERROR", "data: {'error':{'a | CONTENT", "event: error | ERROR",
			"event: error¶data: text | ERROR", "event:error¶data: {'message':'m'} | ERROR",
			"event: error¶event: other¶data: {} | CONTENT", "data: {'type':'error','message':'m'} | ERROR",
			"data: {'type':'response.failed','response':{'error':{'code':'x'}}} | ERROR",
			"event: response.failed¶data: {} | ERROR", "data: [DONE] | DONE", "data:[DONE] | DONE",
			": x¶data: [DONE] | DONE", "data: text | CONTENT", "data: {} | CONTENT", "data: {'a':1,} | CONTENT",
			"data: {'choices':[],} | CONTENT", "data: {'choices':[]}} | CONTENT", "data: {'choices' [] } | CONTENT",
			"data: {'choices':[] 'a':1} | CONTENT", "data: {choices:[]} | CONTENT", "data: {'choices':} | CONTENT",
			// empty deltas
			"data: {'choices':[{'index':0,'delta':{'role':'assistant','content':''},'finish_reason':null}]} | NO_CONTENT",
			"data: {'choices':[{'delta':{'role':'assistant','content':null,'refusal':null,'tool_calls':[ ]}}]} | NO_CONTENT",
			"data: {'choices':[{'delta':{},'logprobs':{'content':[1]},'content_filter_results':{'a':1}}]} | NO_CONTENT",
			"data: {'choices':[{'index':0,'text':'','finish_reason':null}]} | NO_CONTENT",
			"data: {'choices':[{'delta':{'content':''}},{'delta':{'content':' '}}]} | CONTENT",
			"data: {'choices':[{'text':'a'}]} | CONTENT", "data: {'choices':[{'delta':{'refusal':'no'}}]} | CONTENT",
			"data: {'choices':[{'delta':{'reasoning_content':'hm'}}]} | CONTENT",
			"data: {'choices':[{'delta':{'tool_calls':[{'index':0}]}}]} | CONTENT",
			"data: {'choices':[{'delta':{'audio':{'id':'a'}}}]} | CONTENT",
			"data: {'choices':[{'delta':{},'finish_reason':'stop'}]} | CONTENT",
			"data: {'choices':[{'unknown':1}]} | CONTENT", "data: {'choices':[{'text':'a'}],'choices':[]} | CONTENT",
			// pings and items without content
			"event: ping¶data: {'type':'ping'} | NO_CONTENT",
			"data: {'type':'keepalive','sequence_number':3} | NO_CONTENT", "event: keepalive¶data: {} | NO_CONTENT",
			"data: {'type':'response.output_item.added','item':{'type':'reasoning','id':'r','summary':[]}} | NO_CONTENT",
			"data: {'type':'response.output_item.added','item':{'type':'message','content':[]}} | NO_CONTENT",
			"data: {'type':'response.output_item.done','item':{'type':'reasoning','summary':[]}} | NO_CONTENT",
			"data: {'type':'response.output_item.done','item':{'type':'message','content':[{'text':'a'}]}} | CONTENT",
			"data: {'item':{'summary':[{'text':'a'}],'type':'reasoning'},'type':'response.output_item.added'} | CONTENT",
			"data: {'type':'response.output_item.added','item':{'type':'function_call','name':'f'}} | CONTENT",
			"data: {'type':'response.output_item.added','item':{'type':'web_search_call'}} | NO_CONTENT",
			"data: {'type':'response.content_part.added','part':{'type':'output_text','text':''}} | NO_CONTENT",
			"data: {'type':'response.content_part.added','part':{'type':'output_text','text':'a'}} | CONTENT",
			"data: {'type':'response.reasoning_summary_part.added','part':{'text':''}} | NO_CONTENT",
			"data: {'type':'response.reasoning_summary_text.delta','delta':'a'} | CONTENT",
			"data: {'type':'response.web_search_call.searching'} | NO_CONTENT",
			"data: {'type':'response.web_search_call.completed'} | CONTENT",
			"data: {'type':'unknown.in_progress'} | CONTENT", "data: {'object':'error','message':'m'} | ERROR",
			"datax: {'error':{}} | NO_CONTENT", "xdata: {'error':{}} | NO_CONTENT",
			"\uFEFFdata: {'error':{}} | ERROR" })
	void theKindFollowsFromFieldsAndData(String lines, StreamEvent.Kind kind) {
		assertThat(event(lines).kind()).isEqualTo(kind);
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '~', nullValues = "-", ignoreLeadingAndTrailingWhitespace = false,
			value = { "data: a|a", "data:a|a", "data:  a|~ a~", "data: a¶data: b¶data:c|a¶b¶c",
					": c¶event: e¶data: a¶id: 1¶data¶data:b|a¶¶b", ": ping|~~", "data|~~", "data:a: b|a: b" })
	void theDataJoinsAllDataLines(String lines, String data) {
		for (String end : new String[] { "\n", "\r", "\r\n" }) {
			StreamEvent event = StreamEvent.of(bytes((lines + "¶¶").replace("¶", end)));
			assertThat(event.data()).isEqualTo(data.replace('¶', '\n'));
		}
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '~', nullValues = "-", value = {
			"data: {'error':{'code':'429','message':'m'}} | 429 | -",
			"data: {'error':{'code':429,'type':'tokens'}} | 429 | tokens", "data: {'error':'text'} | - | -",
			"event: error¶data: text | - | -", "event: error | - | -",
			"event: error¶data: {'type':'error','code':'server_error','message':'m'} | server_error | error",
			"data: {'type':'response.failed','response':{'id':'r','error':{'code':'rate_limit_exceeded'}}} | rate_limit_exceeded | -",
			"event: error¶data: {'error':{'code':'a'},'response':{'error':{'code':'b'}}} | a | -",
			"data: {'error':null,'type':'response.failed','response':{'error':{'code':'b'}}} | b | -",
			"data: {'code':'no error'} | - | -", "data: [DONE] | - | -" })
	void theReasonOfAnErrorIsRead(String lines, String code, String type) {
		assertThat(event(lines).error()).extracting(ErrorDetails::code, ErrorDetails::type).containsExactly(code, type);
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '~', nullValues = "-", value = {
			"data: {'choices':[],'usage':{'prompt_tokens':7,'completion_tokens':9,'total_tokens':16}} | 7 | 9",
			"data: {'type':'response.completed','response':{'output':[{'usage':{'input_tokens':1}}],'usage':{'input_tokens':3,'output_tokens':4}}} | 3 | 4",
			"data: {'usage':{'prompt_tokens':5,'total_tokens':5}} | 5 | 0",
			"data: {'usage':¶data: {'prompt_tokens':5}} | 5 | 0", "data: {'usage':null} | - | -",
			"data: {'choices':[{'delta':{'content':'\\'usage\\':{\\'prompt_tokens\\':1}'}}]} | - | -",
			"data: {'choices':[{'usage':{'prompt_tokens':1}}]} | - | -", "data: {'usage':{'prompt_tokens':-1}} | - | -",
			"data: {'usage':{'prompt_tokens':1.5}} | - | -",
			"data: {'usage':{'prompt_tokens':99999999999999999999}} | - | -",
			"data: {'usage':{'type':'duration','seconds':3}} | - | -", "data: {'usage':{'prompt_tokens': | - | -",
			"data: 'usage' | - | -", "data: {'usage': | - | -" })
	void theUsageIsFound(String lines, Long input, Long output) {
		assertThat(event(lines).usage()).isEqualTo((input != null) ? new Usage(input, output) : null);
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '~',
			value = { "data: {'a':1,'sequence_number':17,'b':2} | 17", "data: {'sequence_number': 0 } | 0",
					"data: {'a':1} | -1", "data: {'a':{'sequence_number':1}} | -1",
					"data: {'sequence_number':'1'} | -1", "data: x | -1", ": ping | -1" })
	void theSequenceNumberIsRead(String lines, long number) {
		assertThat(event(lines).sequenceNumber()).isEqualTo(number);
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '~',
			value = { "{'choices':[{'index':0,'delta':{}},{'index':2,'finish_reason':'stop'}]} | 0 2!",
					"{'choices':[{'finish_reason':null}]} | 0", "{'choices':[]} | ~~", "{'choices':{'index':1}} | ~~",
					"{'choices':[{'index':1},2]} | ~~", "{'choices':[{'index':-1}]} | ~~",
					"{'choices':[{'index':1.5}]} | ~~", "{'choices':[{'index':1}],'choices':[]} | ~~",
					"{'choices':[],'choices':[{'index':1}]} | 1", "{'choices':[{'index':1}] | ~~", "{} | ~~" })
	void theChoicesAreFound(String data, String expected) {
		List<String> found = new ArrayList<>();
		event("data: " + data).forEachChoice((index, finished) -> found.add(index + (finished ? "!" : "")));
		assertThat(String.join(" ", found)).isEqualTo(expected);
	}

	@Test
	void aPieceOfALongEventIsContentWithoutData() {
		StreamEvent piece = StreamEvent
			.piece(bytes("event: error\ndata: {'error':{'code':'x'},'usage':{'prompt_tokens':1}}\n\n"), true);
		assertThat(piece.kind()).isEqualTo(StreamEvent.Kind.CONTENT);
		assertThat(piece.data()).isEmpty();
		assertThat(piece.usage()).isNull();
		assertThat(piece.sequenceNumber()).isEqualTo(-1);
		assertThat(piece.error()).isEqualTo(ErrorDetails.NONE);
	}

	@ParameterizedTest
	@ValueSource(
			strings = { "{'error':{'code':'x','message':'\u00e4'}}", "{'type':'error','code':'x','message':'\u00e4'}",
					"{'type':'response.failed','response':{'error':{'code':'x','message':'\u00e4'}}}" })
	void anErrorWithInvalidUtf8IsAnError(String data) {
		byte[] latin1 = ("data: " + data.replace('\'', '"') + "\n\n").getBytes(StandardCharsets.ISO_8859_1);
		assertThat(StreamEvent.of(latin1).kind()).isEqualTo(StreamEvent.Kind.ERROR);
	}

	@Test
	void theCodeOfAnErrorWithInvalidUtf8IsFound() {
		byte[] latin1 = "data: {\"error\":{\"code\":\"x\",\"message\":\"\u00e4\"}}\n\n"
			.getBytes(StandardCharsets.ISO_8859_1);
		assertThat(StreamEvent.of(latin1)).returns(StreamEvent.Kind.ERROR, StreamEvent::kind)
			.returns("x", (event) -> event.error().code());
	}

	@ParameterizedTest
	@ValueSource(strings = { "'logprobs':NaN", "'logprobs':[-Infinity]", "'a':'\t'", "'a':'\\x'" })
	void mistakesOfKnownServersAreAccepted(String property) {
		assertThat(event("data: {'error':{}," + property + "}").kind()).isEqualTo(StreamEvent.Kind.ERROR);
		assertThat(event("data: {'choices':[{'index':3,'delta':{}," + property.replace("'a'", "'logprobs'") + "}]}")
			.kind()).isEqualTo(StreamEvent.Kind.NO_CONTENT);
	}

	@Test
	void anEventIsReadCorrectlyAfterABrokenOne() {
		for (String broken : new String[] { "data: {'a", "data: {'a':1}}", "data: {'a':1,}", "data: {'a':\u00ff}",
				"data: {'a':1}0", "data: {'a':1}t", "data: {'a':1} \"" }) {
			assertThat(event(broken).kind()).isEqualTo(StreamEvent.Kind.CONTENT);
			assertThat(event("data: {'error':{}}").kind()).isEqualTo(StreamEvent.Kind.ERROR);
		}
	}

	@Test
	void manyDifferentPropertyNamesAreAllowed() {
		for (int i = 0; i < 100_000; i++) {
			assertThat(event("data: {'property" + i + "':0,'choices':[]}").kind())
				.isEqualTo(StreamEvent.Kind.NO_CONTENT);
		}
	}

	@Test
	void noBytesCauseAnException() {
		Random random = new Random(3);
		String[] seeds = { "event: error\ndata: {\"error\":{\"code\":\"x\"}}\n\n",
				"data: {\"type\":\"response.failed\",\"response\":{\"error\":{\"code\":\"x\"}},\"sequence_number\":3}\n\n",
				"data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}\r\n\r\n",
				"data: {\"\\u0065rror\":\"\\ud83d\\ude00\",\"type\":\"\\u00\"}\n\n" };
		for (int i = 0; i < 40_000; i++) {
			byte[] mutated = bytes(seeds[i % seeds.length]);
			for (int n = random.nextInt(4); n >= 0; n--) {
				mutated[random.nextInt(mutated.length)] = (random.nextBoolean()) ? (byte) random.nextInt(256)
						: (byte) "{}[]\":,\\\n\r".charAt(random.nextInt(10));
			}
			StreamEvent event = StreamEvent.of(mutated);
			assertThat(event.kind()).isNotNull();
			assertThat(event.error()).isNotNull();
			assertThat(event.data()).isNotNull();
			event.usage();
			event.type();
			event.forEachChoice((index, finished) -> assertThat(index).isNotNegative());
			assertThat(event.sequenceNumber()).isGreaterThanOrEqualTo(-1);
		}
		assertThat(StreamEvent.of(new byte[0]).kind()).isEqualTo(StreamEvent.Kind.NO_CONTENT);
		assertThat(event("data: " + "{'a':".repeat(100_000)).kind()).isEqualTo(StreamEvent.Kind.CONTENT);
	}

	private static StreamEvent event(String lines) {
		return StreamEvent.of(bytes((lines + "¶¶").replace('¶', '\n').replace('\'', '"')));
	}

	private static byte[] bytes(String text) {
		return text.getBytes(StandardCharsets.UTF_8);
	}

}
