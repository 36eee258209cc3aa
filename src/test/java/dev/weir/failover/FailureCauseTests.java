package dev.weir.failover;

import org.junit.jupiter.api.Test;

import dev.weir.backend.Lanes;
import dev.weir.backend.Outcome;
import dev.weir.backend.Pool;
import dev.weir.request.RequestContext;
import dev.weir.testing.Outcomes;
import dev.weir.testing.TestPools;
import dev.weir.testing.TestRequests;
import dev.weir.testing.VirtualTime;

import static org.assertj.core.api.Assertions.assertThat;

class FailureCauseTests {

	private static final Outcome NO_TOKEN = new Outcome.NoCredential(
			"No Microsoft Entra ID token for https://cognitiveservices.azure.com/.default");

	private final VirtualTime time = new VirtualTime();

	private String after(Outcome outcome) {
		Pool pool = TestPools.pool(this.time, TestPools.backend("a"));
		RequestContext request = TestRequests.begin(pool, pool.lanes("gpt-4o"), this.time);
		request.failover().tryBegin(pool.lanes("gpt-4o").get(0));
		request.failover().attempts().end(outcome);
		return FailureCause.of(request.failover());
	}

	@Test
	void anAttemptWithoutACredentialNamesNoAddress() {
		assertThat(after(NO_TOKEN)).isEqualTo("Weir has no credential for it");
	}

	@Test
	void aRefusalOfTheCredentialAndAUsedUpQuotaAreNamedAsDuringTheCooldown() {
		assertThat(after(Outcomes.denied())).isEqualTo("it refuses the credential of Weir");
		assertThat(after(Outcomes.outOfQuota())).isEqualTo("its quota is used up");
	}

	@Test
	void otherOutcomesAreNamedByTheirDescription() {
		assertThat(after(new Outcome.Failed(Outcome.Failure.STATUS, "500 (at a.example)", null)))
			.isEqualTo("the attempt ended with 500");
	}

	@Test
	void aRefusalWithoutAReasonMayBeAboutTheRequest() {
		assertThat(after(Outcomes.denied(Outcome.Proof.NO_REASON))).isEqualTo("the attempt ended with 401");
	}

	@Test
	void theCausesOfSeveralBackendsHaveTheirNames() {
		Pool two = TestPools.pool(this.time, TestPools.backend("east"), TestPools.backend("west"));
		Lanes lanes = two.lanes("gpt-4o");
		RequestContext request = TestRequests.begin(two, lanes, this.time);
		request.failover().tryBegin(lanes.get(0));
		request.failover().attempts().end(NO_TOKEN);
		assertThat(FailureCause.of(request.failover())).isEqualTo("east: Weir has no credential for it");
	}

}
