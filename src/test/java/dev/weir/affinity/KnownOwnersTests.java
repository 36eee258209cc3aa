package dev.weir.affinity;

import java.util.AbstractList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

import com.github.benmanes.caffeine.cache.Ticker;
import org.junit.jupiter.api.Test;

import dev.weir.backend.Backend;
import dev.weir.backend.Pool;
import dev.weir.openai.stored.NamedObject;
import dev.weir.openai.stored.ObjectKind;
import dev.weir.openai.stored.StoredObject;
import dev.weir.request.Binding;
import dev.weir.testing.TestPools;

import static org.assertj.core.api.Assertions.assertThat;

class KnownOwnersTests {

	@Test
	void theOwnersOfThousandsOfObjectsAreComparedOnceForEachBackend() {
		Pool pool = TestPools.pool(Ticker.disabledTicker(), TestPools.backend("a"), TestPools.backend("b"));
		Backend a = pool.backends().get(0);
		AtomicInteger compared = new AtomicInteger();
		Map<NamedObject, List<Owner>> owners = new LinkedHashMap<>();
		for (int i = 0; i < 2000; i++) {
			owners.put(new NamedObject(new StoredObject(ObjectKind.FILE, "file-" + i), "file_ids", true),
					new AbstractList<>() {
						@Override
						public Owner get(int index) {
							compared.incrementAndGet();
							return Owner.of(a);
						}

						@Override
						public int size() {
							return 1;
						}
					});
		}
		Binding binding = new KnownOwners(pool, owners).binding();
		compared.set(0);
		for (int i = 0; i < 100; i++) {
			assertThat(binding.backends().test(a)).isTrue();
		}
		assertThat(compared).hasValueLessThan(1000);
		assertThat(binding.backends().test(pool.backends().get(1))).isFalse();
		assertThat(binding.objects()).hasSize(2000);
	}

}
