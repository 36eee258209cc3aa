package dev.weir.memory;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.Test;

import dev.weir.testing.ManualTicker;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What may be held, and which upload is cut off close to the limit.
 */
class BufferBudgetTests {

	private final ManualTicker ticker = new ManualTicker();

	private final BufferBudget budget = new BufferBudget(1000, this.ticker);

	private final List<String> cut = new ArrayList<>();

	@Test
	void holdsAsMuchAsTheLimitAndNoMore() {
		BufferBudget.Share one = this.budget.open();
		assertThat(one.grow(600)).isTrue();
		BufferBudget.Share other = this.budget.open();
		assertThat(other.grow(401)).isFalse();
		assertThat(other.grow(400)).isTrue();
		assertThat(this.budget.used()).isEqualTo(1000);
		one.close();
		one.close();
		assertThat(this.budget.used()).isEqualTo(400);
	}

	@Test
	void aClosedShareHoldsNothing() {
		BufferBudget.Share share = this.budget.open();
		share.close();
		assertThat(share.grow(1)).isFalse();
		assertThat(this.budget.used()).isZero();
	}

	@Test
	void closeToTheLimitTheSlowestUploadIsCutOff() {
		upload("fast", 400);
		upload("slow", 100);
		this.ticker.advance(BufferBudget.GRACE);
		BufferBudget.Share fresh = upload("fresh", 375);
		assertThat(this.cut).isEmpty();
		assertThat(fresh.grow(1)).isTrue();
		assertThat(this.cut).containsExactly("slow");
		assertThat(this.budget.used()).isEqualTo(776);
	}

	@Test
	void anUploadGetsRoomFromOthersThatAreSlow() {
		upload("slow", 30);
		upload("slower", 20);
		BufferBudget.Share body = upload("whole", 650);
		body.complete();
		this.ticker.advance(BufferBudget.GRACE);
		assertThat(upload("large", 100).grow(100)).isTrue();
		assertThat(this.cut).containsExactly("slower", "slow");
	}

	@Test
	void theLastEighthIsForSmallBodies() {
		upload("large", 875);
		assertThat(this.budget.openUpload(() -> {
		}).grow(32)).isFalse();
		upload("small", 31);
		assertThat(this.cut).isEmpty();
		assertThat(this.budget.largestUpload()).isEqualTo(875);
	}

	@Test
	void whatIsWholeIsNotCutOff() {
		BufferBudget.Share body = upload("whole", 870);
		body.complete();
		this.ticker.advance(Duration.ofMinutes(1));
		assertThat(this.budget.open().grow(200)).isFalse();
		assertThat(this.cut).isEmpty();
	}

	@Test
	void aBeginnerIsNotCutOff() {
		upload("first", 870);
		this.ticker.advance(BufferBudget.GRACE.minusNanos(1));
		assertThat(this.budget.open().grow(200)).isFalse();
		this.ticker.advance(Duration.ofNanos(1));
		assertThat(this.budget.open().grow(200)).isTrue();
		assertThat(this.cut).containsExactly("first");
	}

	@Test
	void anUploadDoesNotCutItselfOff() {
		BufferBudget.Share only = upload("only", 800);
		this.ticker.advance(Duration.ofMinutes(1));
		assertThat(only.grow(76)).isFalse();
		assertThat(only.grow(75)).isTrue();
		assertThat(this.cut).isEmpty();
	}

	@Test
	void aShareThatIsCutOffCannotGrow() {
		BufferBudget.Share slow = upload("slow", 875);
		this.ticker.advance(BufferBudget.GRACE);
		assertThat(this.budget.open().grow(1)).isTrue();
		assertThat(slow.grow(1)).isFalse();
		assertThat(this.budget.used()).isEqualTo(1);
	}

	private BufferBudget.Share upload(String name, int bytes) {
		BufferBudget.Share share = this.budget.openUpload(() -> this.cut.add(name));
		assertThat(share.grow(bytes)).isTrue();
		return share;
	}

}
