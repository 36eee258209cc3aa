package dev.weir.request;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import dev.weir.backend.Attempt;
import dev.weir.backend.Lane;
import dev.weir.backend.Lanes;
import dev.weir.backend.Outcome;
import dev.weir.openai.call.ApiCall;
import dev.weir.openai.call.ApiPath;
import dev.weir.openai.stored.ObjectKind;
import dev.weir.openai.stored.ReportedObject;
import dev.weir.openai.stored.StoredObject;
import dev.weir.backend.Pool;
import dev.weir.backend.RequestTraits;
import dev.weir.openai.stream.Usage;
import dev.weir.testing.TestPools;
import dev.weir.testing.TestRequests;
import dev.weir.testing.VirtualTime;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The summary that listeners get when a request has ended.
 */
class RequestEventsTests {

	private final VirtualTime time = new VirtualTime();

	private final Pool pool = TestPools.pool(this.time, TestPools.backend("a"), TestPools.backend("b"));

	private final Lanes lanes = this.pool.lanes("gpt-4o");

	private final List<Usage> used = new ArrayList<>();

	private final List<RequestSummary> summaries = new ArrayList<>();

	private RequestContext context = request("POST", "responses");

	private RequestContext request(String method, String path) {
		RequestContext request = new RequestContext("test-1", TestRequests.DIRECT, this.time,
				List.of(new RequestListener() {

					@Override
					public void onTokensUsed(RequestContext by, Attempt attempt, Usage usage) {
						RequestEventsTests.this.used.add(usage);
					}

					@Override
					public void onEnd(RequestContext ended, RequestSummary summary) {
						RequestEventsTests.this.summaries.add(summary);
					}

				}));
		request.onCallRead(new ApiCall(ApiPath.parse(method, "/v1/" + path, null), "gpt-4o", null, false));
		return request;
	}

	@Test
	void theSummaryHasAllAttemptsWithTheOneThatServed() {
		begin();
		Outcome throttled = new Outcome.Throttled(Duration.ofSeconds(1));
		attempt(this.lanes.get(0));
		this.context.failover().attempts().end(throttled);
		attempt(this.lanes.get(1));
		this.context.failover().attempts().requireCurrent().recordUsage(new Usage(3, 4));
		this.context.failover().attempts().requireCurrent().end(new Outcome.Served(200));
		this.time.advance(Duration.ofSeconds(2));
		this.context.release();
		this.context.notifyEnd(200);
		assertThat(this.summaries).containsExactly(
				new RequestSummary(200, Duration.ofSeconds(2), null,
						List.of(new Attempts.Ended(this.lanes.get(0), throttled),
								new Attempts.Ended(this.lanes.get(1), new Outcome.Served(200))),
						new Usage(3, 4), null));
		assertThat(this.summaries.get(0).outcome()).isEqualTo(new Outcome.Served(200));
	}

	@Test
	void theSummaryNamesTheBackendThatARequestIsBoundTo() {
		this.context.bind(new Binding((backend) -> true, "first", List.of(new StoredObject(ObjectKind.FILE, "file-1")),
				(backend) -> {
				}));
		begin();
		this.context.notifyEnd(200);
		assertThat(this.summaries).extracting(RequestSummary::boundTo).containsExactly("first");
	}

	@Test
	void aRunningAttemptIsCancelledAtTheEnd() {
		begin();
		attempt(this.lanes.get(0));
		this.context.release();
		this.context.notifyEnd(RequestContext.CLIENT_LEFT);
		assertThat(this.summaries.get(0).outcome()).isEqualTo(new Outcome.Cancelled());
	}

	@Test
	void theListenersAreNotifiedOfTheEndOnce() {
		begin();
		this.context.notifyEnd(200);
		this.context.notifyEnd(500);
		assertThat(this.summaries).extracting(RequestSummary::status).containsExactly(200);
	}

	@Test
	void aRequestToNoPoolHasNoSummary() {
		this.context.notifyEnd(404);
		assertThat(this.summaries).isEmpty();
	}

	@Test
	void toReadAFinishedResponseUsesNoTokens() {
		make("resp_1", new Usage(30, 20));
		for (String path : List.of("responses/resp_1", "responses/resp_1", "responses/other", "threads/t/runs/r")) {
			read("GET", path, new Usage(30, 20));
		}
		read("POST", "responses/resp_1/cancel", new Usage(30, 20));
		assertThat(this.used).containsExactly(new Usage(30, 20));
		assertThat(this.summaries).extracting(RequestSummary::usage)
			.containsExactly(new Usage(30, 20), null, null, null, null, null);
	}

	@Test
	void theTokensOfABackgroundResponseCountOnceHoweverOftenItIsRead() {
		make("resp_2", null);
		read("GET", "responses/resp_2", new Usage(0, 0));
		read("GET", "responses/resp_2", new Usage(30, 5, 10));
		for (int i = 0; i < 3; i++) {
			read("GET", "responses/resp_2", new Usage(30, 20, 10));
		}
		assertThat(this.used).containsExactly(new Usage(30, 5, 10), new Usage(0, 15));
	}

	@Test
	void aUsageThatARequestReportsAfterTheEndOfItsAttemptIsNotCountedAgainWhenItIsRead() {
		this.context = request("POST", "responses");
		Attempt attempt = respond("resp_3");
		attempt.end(new Outcome.Broken());
		attempt.recordUsage(new Usage(30, 20));
		read("GET", "responses/resp_3", new Usage(30, 20));
		assertThat(this.used).containsExactly(new Usage(30, 20));
	}

	private void make(String id, @Nullable Usage usage) {
		this.context = request("POST", "responses");
		end(respond(id), usage);
	}

	/** As a response to a GET does, the response names the object. */
	private void read(String method, String path, Usage usage) {
		this.context = request(method, path);
		end(respond(path.split("/")[1]), usage);
	}

	private Attempt respond(String id) {
		begin();
		attempt(this.lanes.get(0));
		Attempt attempt = this.context.failover().attempts().requireCurrent();
		attempt.recordObjects(
				List.of(new ReportedObject(new StoredObject(ObjectKind.RESPONSE, id), ReportedObject.Origin.CREATED)));
		return attempt;
	}

	private void end(Attempt attempt, @Nullable Usage usage) {
		if (usage != null) {
			attempt.recordUsage(usage);
		}
		attempt.end(new Outcome.Served(200));
		this.context.notifyEnd(200);
	}

	private void begin() {
		this.context.onRouted(this.pool);
		this.context.beginFailover(this.lanes, RequestTraits.UNKNOWN);
	}

	private void attempt(Lane lane) {
		assertThat(this.context.failover().tryBegin(lane)).isTrue();
	}

}
