package dev.weir.gateway;

import java.time.Duration;

import io.netty.channel.embedded.EmbeddedChannel;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;

import dev.weir.backend.Attempt;
import dev.weir.backend.Pool;
import dev.weir.request.RequestContext;
import dev.weir.testing.TestPools;
import dev.weir.testing.TestRequests;
import dev.weir.testing.VirtualTime;

import static org.assertj.core.api.Assertions.assertThat;

class UploadProgressTests {

	private final VirtualTime time = new VirtualTime();

	private final Pool pool = TestPools.pool(this.time, TestPools.backend("a"));

	private final RequestContext context = TestRequests.begin(this.pool, this.pool.lanes("gpt-4o"), this.time);

	@Test
	void theResponseTimeRunsAfterARequestWasSentAgain() {
		this.context.failover().tryBegin(this.pool.lanes("gpt-4o").get(0));
		Attempt attempt = this.context.failover().attempts().requireCurrent();
		attempt.onSendStart();
		UploadProgress upload = new UploadProgress(this.context, false);
		send(upload);
		this.time.advance(Duration.ofSeconds(1));
		assertThat(attempt.responseTime()).isEqualTo(Duration.ofSeconds(1));
		send(upload);
		this.time.advance(Duration.ofSeconds(2));
		assertThat(attempt.responseTime()).isEqualTo(Duration.ofSeconds(2));
	}

	private static void send(UploadProgress upload) {
		Disposable unused = upload.pace(Flux.just("one", "two"), new EmbeddedChannel()).subscribe();
		upload.complete();
	}

}
