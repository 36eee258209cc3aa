package dev.weir.openai.stream;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

class EventSplitterTests {

	private final EventSplitter splitter = new EventSplitter(1000);

	/** {@code n} is LF, {@code r} is CR, {@code |} ends an event. */
	@ParameterizedTest
	@CsvSource(delimiter = ';', quoteCharacter = '~',
			value = { "ann; ann|", "arr; arr|", "arnrn; arnrn|", "anr; anr|", "arnr; arnr|", "anrn; anrn|",
					"arnn; arnn|", "anrnb; anrn|b", "arn; arn", "an; an", "ar; ar", "anbnncnn; anbnn|cnn|",
					"arrb; arr|b", "annnbnn; ann|n|bnn|", "arrnn; arrn|n|", "rrr; r|r|r|", "rnrn; rn|rn|",
					"anbrcrndnnn; anbrcrndnn|n|" })
	void anEventEndsWithABlankLine(String input, String expected) {
		List<StreamEvent> events = this.splitter.add(bytes(input.replace('n', '\n').replace('r', '\r')));
		StringBuilder found = new StringBuilder();
		events.forEach((event) -> found.append(text(event.bytes())).append('|'));
		found.append(text(this.splitter.remainder()));
		assertThat(found.toString().replace('\n', 'n').replace('\r', 'r')).isEqualTo(expected);
		assertThat(events).allMatch(StreamEvent::isEnd).allMatch(StreamEvent::isWhole);
	}

	@Test
	void aBufferThatIsOneEventIsNotCopied() {
		byte[] bytes = bytes("data: x\n\n");
		assertThat(this.splitter.add(bytes)).singleElement().returns(bytes, StreamEvent::bytes);
		assertThat(this.splitter.remainder()).isEmpty();
	}

	@Test
	void anEventThatEndsWithCrDoesNotWaitForAnLf() {
		assertThat(this.splitter.add(bytes("data: x\r\n\r"))).hasSize(1);
		assertThat(this.splitter.add(bytes("\n"))).isEmpty();
		assertThat(text(this.splitter.remainder())).isEqualTo("\n");
		assertThat(this.splitter.add(bytes("data: y\r\n\r\n"))).singleElement()
			.returns("\ndata: y\r\n\r\n", (event) -> text(event.bytes()))
			.returns("y", StreamEvent::data);
	}

	@Test
	void anEventAsLongAsAllowedIsWhole() {
		EventSplitter exact = new EventSplitter(9);
		assertThat(exact.add(bytes("data: x"))).isEmpty();
		assertThat(exact.add(bytes("\n\n"))).singleElement().returns(true, StreamEvent::isWhole);
		assertThat(exact.add(bytes("data: xy"))).isEmpty();
		assertThat(exact.add(bytes("\n\n"))).singleElement()
			.returns(false, StreamEvent::isWhole)
			.returns(true, StreamEvent::isEnd);
	}

	@Test
	void aLongEventIsReturnedInPieces() {
		EventSplitter small = new EventSplitter(10);
		assertThat(small.add(bytes("data: 123"))).isEmpty();
		assertThat(small.add(bytes("45"))).singleElement()
			.returns("data: 12345", (event) -> text(event.bytes()))
			.returns(false, StreamEvent::isEnd)
			.returns(StreamEvent.Kind.CONTENT, StreamEvent::kind);
		assertThat(small.remainder()).isEmpty();
		assertThat(small.add(bytes("6"))).singleElement().returns(false, StreamEvent::isEnd);
		List<StreamEvent> last = small.add(bytes("\n\n: x\n\ndata"));
		assertThat(last).extracting((event) -> text(event.bytes())).containsExactly("\n\n", ": x\n\n");
		assertThat(last).extracting(StreamEvent::isWhole).containsExactly(false, true);
		assertThat(last).allMatch(StreamEvent::isEnd);
		assertThat(text(small.remainder())).isEqualTo("data");
	}

	@Test
	void aLimitBelowOneIsRefused() {
		assertThatIllegalArgumentException().isThrownBy(() -> new EventSplitter(0));
	}

	@Test
	void noByteIsLostOrAddedWhereverTheStreamIsCut() {
		Random random = new Random(7);
		String[] parts = { "data: ä€😀", "a", "\n", "\r", "\r\n", "\n\n", ": ping", "\uFEFF", "data" };
		for (int run = 0; run < 3_000; run++) {
			StringBuilder stream = new StringBuilder();
			for (int n = random.nextInt(30); n > 0; n--) {
				stream.append(parts[random.nextInt(parts.length)]);
			}
			byte[] bytes = bytes(stream.toString());
			EventSplitter cut = new EventSplitter(1 + random.nextInt(40));
			ByteArrayOutputStream all = new ByteArrayOutputStream();
			for (int from = 0; from < bytes.length;) {
				int to = Math.min(bytes.length, from + random.nextInt(8));
				cut.add(slice(bytes, from, to)).forEach((event) -> all.writeBytes(event.bytes()));
				from = to;
			}
			all.writeBytes(cut.remainder());
			assertThat(all.toByteArray()).isEqualTo(bytes);
		}
	}

	@Test
	void theEventsDoNotDependOnWhereTheStreamIsCut() {
		Random random = new Random(8);
		String[] ends = { "\n", "\r", "\r\n" };
		for (int run = 0; run < 1_000; run++) {
			List<String> expected = new ArrayList<>();
			StringBuilder stream = new StringBuilder();
			for (int n = 0; n < 5; n++) {
				String end = ends[random.nextInt(3)];
				expected.add("text " + n + "\nä€😀");
				stream.append("data: text ").append(n).append(end).append("data:ä€😀").append(end).append(end);
			}
			byte[] bytes = bytes(stream.toString());
			EventSplitter cut = new EventSplitter(200);
			List<String> found = new ArrayList<>();
			for (int from = 0; from < bytes.length;) {
				int to = Math.min(bytes.length, from + 1 + random.nextInt(12));
				cut.add(slice(bytes, from, to)).forEach((event) -> found.add(event.data()));
				from = to;
			}
			found.removeIf(String::isEmpty);
			assertThat(found).isEqualTo(expected);
		}
	}

	@Test
	void aLongEventInSmallBuffersTakesLinearTime() {
		int length = 4 * 1024 * 1024;
		EventSplitter large = new EventSplitter(2 * length);
		assertTimeoutPreemptively(Duration.ofSeconds(20), () -> {
			for (int i = 0; i < length; i++) {
				assertThat(large.add(new byte[] { 'x' }).isEmpty()).isTrue();
			}
		});
		assertThat(large.add(bytes("\n\n"))).singleElement().returns(length + 2, (event) -> event.bytes().length);
	}

	private static byte[] slice(byte[] bytes, int from, int to) {
		return Arrays.copyOfRange(bytes, from, to);
	}

	private static String text(byte[] bytes) {
		return new String(bytes, StandardCharsets.UTF_8);
	}

	private static byte[] bytes(String text) {
		return text.getBytes(StandardCharsets.UTF_8);
	}

}
