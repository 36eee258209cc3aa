package dev.weir.failover;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Test;

import dev.weir.backend.Lane;
import dev.weir.backend.Outcome;
import dev.weir.testing.Outcomes;
import dev.weir.testing.VirtualTime;
import dev.weir.testing.TestPools;
import dev.weir.testing.TestRequests;
import dev.weir.response.ErrorResponse;
import dev.weir.response.ResponseBody;
import dev.weir.response.FakeConnection;

import static org.assertj.core.api.Assertions.assertThat;

class BestErrorTests {

	private static final String SPEAKING = "{\"error\":{\"message\":\"down\",\"code\":\"server_error\"}}";

	private static final String PAGE = "<html>";

	private final List<Lane> lanes = TestPools.pool(new VirtualTime(), TestPools.backend("a"), TestPools.backend("b"))
		.lanes("gpt-4o");

	private final BestError best = new BestError();

	@Test
	void thereIsNoneWithoutAResponse() {
		this.best.consider(this.lanes.get(0), failed(), null);
		assertThat(this.best.error()).isNull();
		assertThat(this.best.lane()).isNull();
	}

	@Test
	void anErrorWithAReasonIsBetterThanAPage() {
		ErrorResponse speaking = error(500, SPEAKING);
		consider(0, error(502, PAGE));
		consider(1, speaking);
		consider(0, error(504, PAGE));
		assertThat(this.best.error()).isSameAs(speaking);
		assertThat(this.best.lane()).isSameAs(this.lanes.get(1));
	}

	@Test
	void theLastOfEqualErrorsIsTheBest() {
		consider(0, error(502, PAGE));
		ErrorResponse page = error(504, PAGE);
		consider(1, page);
		assertThat(this.best.error()).isSameAs(page);
		consider(0, error(500, SPEAKING));
		ErrorResponse speaking = error(503, SPEAKING);
		consider(1, speaking);
		assertThat(this.best.error()).isSameAs(speaking);
	}

	@Test
	void anIncompleteErrorIsIgnored() {
		ResponseBody unread = ResponseBody.of(new FakeConnection(), TestRequests.DIRECT, null);
		consider(0, new ErrorResponse(500, Map.of(), SPEAKING.getBytes(StandardCharsets.UTF_8), unread));
		assertThat(this.best.error()).isNull();
	}

	@Test
	void aRefusalOfWeirsCredentialOrARedirectIsNotRelayed() {
		this.best.consider(this.lanes.get(0), Outcomes.denied(), error(401, SPEAKING));
		this.best.consider(this.lanes.get(0), Outcomes.outOfQuota(), error(429, SPEAKING));
		consider(0, error(302, SPEAKING));
		assertThat(this.best.error()).isNull();
	}

	private void consider(int lane, ErrorResponse error) {
		this.best.consider(this.lanes.get(lane), failed(), error);
	}

	private static Outcome failed() {
		return new Outcome.Failed(Outcome.Failure.STATUS, "500", null);
	}

	private static ErrorResponse error(int status, String body) {
		return new ErrorResponse(status, Map.of(), body.getBytes(StandardCharsets.UTF_8), null);
	}

}
