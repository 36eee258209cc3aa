package dev.weir.memory;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.Test;

import dev.weir.testing.VirtualTime;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The limit of buffered bytes, and the abort of slow uploads close to it.
 */
class BufferBudgetTests {

	private final VirtualTime time = new VirtualTime();

	private final BufferBudget budget = new BufferBudget(1000, this.time);

	private final List<String> aborted = new ArrayList<>();

	@Test
	void sharesCannotExceedTheLimit() {
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
	void aClosedShareCannotGrow() {
		BufferBudget.Share share = this.budget.open();
		share.close();
		assertThat(share.grow(1)).isFalse();
		assertThat(this.budget.used()).isZero();
	}

	@Test
	void closeToTheLimitTheSlowestUploadIsAborted() {
		upload("fast", 400);
		upload("slow", 100);
		this.time.advance(BufferBudget.GRACE);
		BufferBudget.Share fresh = upload("fresh", 375);
		assertThat(this.aborted).isEmpty();
		assertThat(fresh.grow(1)).isTrue();
		assertThat(this.aborted).containsExactly("slow");
		assertThat(this.budget.used()).isEqualTo(776);
	}

	@Test
	void anUploadGetsTheBytesOfSlowerUploads() {
		upload("slow", 30);
		upload("slower", 20);
		BufferBudget.Share body = upload("complete", 650);
		body.complete();
		this.time.advance(BufferBudget.GRACE);
		assertThat(upload("large", 100).grow(100)).isTrue();
		assertThat(this.aborted).containsExactly("slower", "slow");
	}

	@Test
	void theLastEighthIsReservedForSmallBodies() {
		upload("large", 875);
		assertThat(this.budget.openUpload(() -> {
		}).grow(32)).isFalse();
		upload("small", 31);
		assertThat(this.aborted).isEmpty();
		assertThat(this.budget.largestUpload()).isEqualTo(875);
	}

	@Test
	void aCompleteUploadIsNotAborted() {
		BufferBudget.Share body = upload("complete", 870);
		body.complete();
		this.time.advance(Duration.ofMinutes(1));
		assertThat(this.budget.open().grow(200)).isFalse();
		assertThat(this.aborted).isEmpty();
	}

	@Test
	void aNewUploadIsNotAborted() {
		upload("first", 870);
		this.time.advance(BufferBudget.GRACE.minusNanos(1));
		assertThat(this.budget.open().grow(200)).isFalse();
		this.time.advance(Duration.ofNanos(1));
		assertThat(this.budget.open().grow(200)).isTrue();
		assertThat(this.aborted).containsExactly("first");
	}

	@Test
	void anUploadDoesNotAbortItself() {
		BufferBudget.Share only = upload("only", 800);
		this.time.advance(Duration.ofMinutes(1));
		assertThat(only.grow(76)).isFalse();
		assertThat(only.grow(75)).isTrue();
		assertThat(this.aborted).isEmpty();
	}

	@Test
	void anAbortedUploadCannotGrow() {
		BufferBudget.Share slow = upload("slow", 875);
		this.time.advance(BufferBudget.GRACE);
		assertThat(this.budget.open().grow(1)).isTrue();
		assertThat(slow.grow(1)).isFalse();
		assertThat(this.budget.used()).isEqualTo(1);
	}

	@Test
	void aClientGetsHalfOfTheLimitAndLosesItsOwnSlowestUpload() {
		BufferBudget.Share first = ownUpload("own", 300);
		ownUpload("own second", 200);
		upload("other", 100);
		assertThat(this.budget.openUpload("own", () -> {
		}).grow(1)).isFalse();
		assertThat(this.budget.open("own").grow(1)).isFalse();
		this.time.advance(BufferBudget.GRACE);
		assertThat(this.budget.openUpload("own", () -> {
		}).grow(100)).isTrue();
		// that of another client is slower
		assertThat(this.aborted).containsExactly("own second");
		assertThat(this.budget.used()).isEqualTo(500);
		first.close();
		assertThat(this.budget.open("own").grow(400)).isTrue();
		assertThat(this.budget.open("own").grow(1)).isFalse();
		assertThat(this.budget.open("another").grow(300)).isTrue();
		assertThat(this.budget.largestUpload("own")).isEqualTo(500);
		assertThat(this.budget.largestUpload(null)).isEqualTo(875);
	}

	@Test
	void bytesThatDoNotFitAreNotCountedForTheirClient() {
		this.budget.open().grow(900);
		BufferBudget.Share share = this.budget.open("own");
		assertThat(share.grow(101)).isFalse();
		assertThat(share.grow(100)).isTrue();
		share.close();
		assertThat(share.grow(1)).isFalse();
		assertThat(this.budget.used()).isEqualTo(900);
	}

	@Test
	void aRefusalSaysWhetherTheMemoryOfTheClientOrOfAllIsFull() {
		BufferBudget.Share own = ownUpload("slow", 300);
		BufferBudget.Share more = this.budget.open("own");
		assertThat(more.grow(300)).isFalse();
		assertThat(more.describeFull("lists")).contains("lists of this client", "half of weir.max-buffered");
		this.time.advance(Duration.ofMinutes(1));
		assertThat(more.grow(300)).isTrue();
		assertThat(own.describeFull("lists")).contains("lists of this client");
		BufferBudget.Share all = this.budget.open("another");
		assertThat(this.budget.open().grow(400)).isTrue();
		assertThat(all.grow(400)).isFalse();
		assertThat(all.describeFull("lists")).isEqualTo("The memory for lists is full (weir.max-buffered).");
		BufferBudget.Share evicted = this.budget.openUpload("third", () -> {
		});
		assertThat(evicted.grow(100)).isTrue();
		this.time.advance(Duration.ofMinutes(1));
		assertThat(all.grow(290)).isTrue();
		assertThat(evicted.describeFull("lists")).doesNotContain("client");
	}

	private BufferBudget.Share ownUpload(String name, int bytes) {
		BufferBudget.Share share = this.budget.openUpload("own", () -> this.aborted.add(name));
		assertThat(share.grow(bytes)).isTrue();
		return share;
	}

	private BufferBudget.Share upload(String name, int bytes) {
		BufferBudget.Share share = this.budget.openUpload(() -> this.aborted.add(name));
		assertThat(share.grow(bytes)).isTrue();
		return share;
	}

}
