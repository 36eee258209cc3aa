package dev.weir.failover;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The rules for a reply: it is one complete response of a backend, or one clear error, or
 * begun content followed by an error event and an irregular end.
 */
final class ReplyRules {

	private static final JsonMapper JSON = JsonMapper.builder().build();

	private static final Pattern CONTENT = Pattern.compile("\"content\":\"([^\"]*)\"");

	private static final Pattern ID = Pattern.compile("\"id\":\"([^\"]*)\"");

	private static final Pattern ERROR_EVENT = Pattern
		.compile("data: (\\{\"error\":[^\\n]*\"code\":\"stream_interrupted\"\\}\\})\\n\\n$");

	private static final String DONE = "data: [DONE]\n\n";

	private final Observer observer;

	private final boolean resume;

	ReplyRules(Observer observer, boolean resume) {
		this.observer = observer;
		this.resume = resume;
	}

	/** Whether the client has received an error that Weir created. */
	static boolean isErrorOfWeir(SimulatedClient client) {
		return client.status() >= 400 && responseRelayedTo(client) == null;
	}

	private static @Nullable SimulatedCall responseRelayedTo(SimulatedClient client) {
		return client.calls()
			.stream()
			.filter((it) -> it.script().status() == client.status()
					&& Arrays.equals(it.script().body(), client.bytes()))
			.findFirst()
			.orElse(null);
	}

	void check(SimulatedClient client) {
		List<SimulatedCall> successes = client.calls()
			.stream()
			.filter((it) -> it.closing() == SimulatedCall.Closing.READ && it.script().isWholeSuccess())
			.toList();
		check(client, successes.size() <= 1, "more than one success");
		check(client, this.resume || client.calls().stream().filter(ReplyRules::hasBegun).count() <= 1,
				"more than one response has begun");
		switch (client.state()) {
			case WAITING -> check(client, false, "never ended");
			case COMPLETE -> complete(client);
			case ABORTED -> aborted(client);
			case LEFT -> left(client);
		}
	}

	private static boolean hasBegun(SimulatedCall call) {
		return call.read() > 0 && call.script().isSuccess() && !call.script().inEvent()
				&& new String(call.script().body(), 0, call.read(), StandardCharsets.UTF_8).contains("\"content\":\"w");
	}

	private void complete(SimulatedClient client) {
		SimulatedCall last = client.last();
		if (client.status() >= 400) {
			refused(client);
		}
		else if (last == null || last.closing() != SimulatedCall.Closing.READ
				|| last.script().ending() != Script.Ending.WHOLE || !last.script().isSuccess()) {
			check(client, false, "a truncated response that looks complete");
		}
		else if (last.script().inEvent() && last.script().lateNanos() < Observer.HOLD.toNanos()) {
			check(client, false, "an error in place of a response");
		}
		else if (!Arrays.equals(last.script().body(), client.bytes())) {
			check(client, this.resume && isStream(client), "not the backend's response");
			check(client, textOf(client).equals(last.script().text()), "not the whole text, once");
			check(client, ID.matcher(client.text()).results().map((it) -> it.group(1)).distinct().count() == 1,
					"more than one id");
			String end = new String(last.script().body(), StandardCharsets.UTF_8);
			check(client, client.text().endsWith(DONE) == end.endsWith(DONE), "another end than the backend's");
			check(client, client.text().indexOf(DONE) == client.text().lastIndexOf(DONE), "done more than once");
			check(client, !client.text().contains("\"error\""), "an error in a response that looks complete");
		}
		else {
			check(client, client.status() == last.script().status(), "another status than the backend's");
		}
	}

	private void refused(SimulatedClient client) {
		SimulatedCall last = client.last();
		if (last != null && last.script().meaning() == Script.Meaning.REJECTED && last.read() > 0) {
			check(client, Arrays.equals(last.script().body(), client.bytes()), "not the backend's rejection");
		}
		if (responseRelayedTo(client) == null) {
			check(client, isError(client.text()), "no clear error");
		}
	}

	private static boolean isError(String json) {
		try {
			JsonNode error = JSON.readTree(json).path("error");
			return !error.path("message").asString("").isEmpty() && error.path("type").isString() && error.has("param")
					&& error.path("code").isString();
		}
		catch (JacksonException ex) {
			return false;
		}
	}

	private void aborted(SimulatedClient client) {
		SimulatedCall last = client.last();
		if (client.replyBegunAt() < 0 || last == null || client.status() >= 400) {
			check(client, false, "aborted without a reply");
			return;
		}
		if (!isStream(client)) {
			check(client, last.closing() != SimulatedCall.Closing.READ, "aborted although complete");
			check(client, Arrays.equals(Arrays.copyOf(last.script().body(), last.read()), client.bytes()),
					"not the response of the backend");
			return;
		}
		boolean error = ERROR_EVENT.matcher(client.text()).find();
		check(client, error, "no error event at the end of a cut stream");
		check(client, !client.text().contains(DONE), "an end marker in a broken stream");
		if (error && !this.resume) {
			String delivered = client.text().substring(0, client.text().lastIndexOf("data: "));
			String read = new String(last.script().body(), 0, last.read(), StandardCharsets.UTF_8);
			check(client, delivered.equals(read.substring(0, read.lastIndexOf("\n\n") + 2)),
					"not the response of the backend");
		}
		else {
			textIsBegun(client);
		}
	}

	private void left(SimulatedClient client) {
		if (this.resume && isStream(client)) {
			textIsBegun(client);
			return;
		}
		byte[] got = client.bytes();
		check(client,
				client.status() >= 400 || got.length == 0
						|| client.calls()
							.stream()
							.anyMatch((it) -> got.length <= it.read()
									&& Arrays.equals(Arrays.copyOf(it.script().body(), got.length), got))
						|| ERROR_EVENT.matcher(client.text()).find(),
				"not the response of a backend");
	}

	private void textIsBegun(SimulatedClient client) {
		String text = textOf(client);
		check(client, text.isEmpty() || client.calls().stream().anyMatch((it) -> it.script().text().startsWith(text)),
				"a text that no backend sent");
	}

	private static String textOf(SimulatedClient client) {
		return CONTENT.matcher(client.text()).results().map((it) -> it.group(1)).collect(Collectors.joining());
	}

	private static boolean isStream(SimulatedClient client) {
		return client.call().kind() == Schedule.Kind.STREAM;
	}

	private void check(SimulatedClient client, boolean holds, String otherwise) {
		this.observer.check(holds, () -> otherwise + ": " + client + " got " + client.status() + " " + client.headers()
				+ "\n" + client.text() + "\nfrom " + client.calls());
	}

}
