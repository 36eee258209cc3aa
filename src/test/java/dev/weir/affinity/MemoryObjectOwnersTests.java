package dev.weir.affinity;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import org.springframework.util.unit.DataSize;

import dev.weir.config.AffinityProperties;
import dev.weir.config.UnknownOwner;
import dev.weir.openai.stored.ObjectKind;
import dev.weir.openai.stored.StoredObject;
import dev.weir.testing.TestPools;
import dev.weir.testing.VirtualTime;

import static org.assertj.core.api.Assertions.assertThat;

class MemoryObjectOwnersTests {

	private static final Owner ONE = new Owner("https://one.openai.azure.com", "", "one");

	private static final Owner TWO = new Owner("https://two.openai.azure.com", "", "two");

	private final VirtualTime time = new VirtualTime();

	private final MemoryObjectOwners owners = new MemoryObjectOwners(new AffinityProperties(DataSize.ofKilobytes(64),
			Duration.ofDays(1), 50, Duration.ofSeconds(5), UnknownOwner.ALLOW), this.time, Runnable::run);

	private static StoredObject file(String id) {
		return new StoredObject(ObjectKind.FILE, id);
	}

	private List<Owner> ownersOf(StoredObject object) {
		return this.owners.find(List.of(object)).block().getOrDefault(object, List.of());
	}

	@Test
	void anObjectIsFoundAtItsOwner() {
		this.owners.rememberMentioned(List.of(file("file-1"), file("file-2")), ONE, null);
		this.owners.rememberMentioned(List.of(file("file-3")), TWO, null);
		assertThat(this.owners.find(List.of(file("file-1"), file("file-3"), file("file-4"))).block()).containsOnly(
				java.util.Map.entry(file("file-1"), List.of(ONE)), java.util.Map.entry(file("file-3"), List.of(TWO)));
	}

	@Test
	void theSameIdOfAnotherKindIsAnotherObject() {
		this.owners.rememberMentioned(List.of(file("1")), ONE, null);
		assertThat(ownersOf(new StoredObject(ObjectKind.BATCH, "1"))).isEmpty();
	}

	@Test
	void severalBackendsOfOneResourceAreOneOwner() {
		this.owners.rememberMentioned(List.of(file("1")), ONE, null);
		this.owners.rememberMentioned(List.of(file("1")), new Owner(ONE.resource(), ONE.account(), "other"), null);
		assertThat(ownersOf(file("1"))).containsExactly(ONE);
	}

	@Test
	void aForgottenOwnerLeavesTheOthers() {
		this.owners.rememberMentioned(List.of(file("1"), file("2")), ONE, null);
		this.owners.rememberMentioned(List.of(file("1")), TWO, null);
		this.owners.forget(file("1"), ONE);
		this.owners.forget(file("2"), ONE);
		this.owners.forget(file("3"), ONE);
		assertThat(ownersOf(file("1"))).containsExactly(TWO);
		assertThat(ownersOf(file("2"))).isEmpty();
	}

	@Test
	void theClientOfAnObjectThatWasForgottenStaysKnown() {
		this.owners.remember(List.of(file("1")), ONE, "chat");
		this.owners.forget(file("1"), ONE);
		assertThat(this.owners.find(List.of(file("1"))).block()).isEmpty();
		assertThat(this.owners.findPrincipals(List.of(file("1"))).block()).containsEntry(file("1"), "chat");
		this.owners.rememberMentioned(List.of(file("1")), TWO, null);
		assertThat(this.owners.find(List.of(file("1"))).block()).containsEntry(file("1"), List.of(TWO));
		assertThat(this.owners.findPrincipals(List.of(file("1"))).block()).containsEntry(file("1"), "chat");
	}

	@Test
	void anObjectKeepsItsFirstClient() {
		this.owners.remember(List.of(file("1"), file("2")), ONE, "chat");
		this.owners.remember(List.of(file("2")), ONE, "chat");
		this.owners.remember(List.of(file("1"), file("3")), TWO, "other");
		this.owners.rememberMentioned(List.of(file("4")), ONE, null);
		this.owners.remember(List.of(file("4")), ONE, "other");
		assertThat(this.owners.findPrincipals(List.of(file("1"), file("2"), file("3"), file("4"))).block())
			.isEqualTo(java.util.Map.of(file("1"), "chat", file("2"), "chat", file("3"), "other", file("4"), "other"));
		// nor can another client change where it is
		assertThat(ownersOf(file("1"))).containsExactly(ONE);
		this.owners.forget(file("1"), ONE);
		this.owners.remember(List.of(file("1")), TWO, "other");
		assertThat(this.owners.findPrincipals(List.of(file("1"))).block()).containsValue("chat");
	}

	@Test
	void aClientCannotChangeWhereTheObjectsOfOthersAre() {
		this.owners.remember(List.of(file("1")), ONE, "chat");
		this.owners.rememberMentioned(List.of(file("2")), ONE, null);
		List<StoredObject> all = List.of(file("1"), file("2"), file("3"));
		this.owners.rememberMentioned(all, TWO, "other");
		assertThat(ownersOf(file("1"))).containsExactly(ONE);
		assertThat(ownersOf(file("2"))).containsExactly(ONE, TWO);
		assertThat(ownersOf(file("3"))).containsExactly(TWO);
		assertThat(this.owners.findPrincipals(all).block()).isEqualTo(java.util.Map.of(file("1"), "chat"));
		this.owners.rememberMentioned(List.of(file("1")), TWO, "chat");
		assertThat(ownersOf(file("1"))).containsExactly(ONE, TWO);
	}

	@Test
	void theFirstClientStaysWhenAnotherWeirNamesOneUntilItIsCorrected() {
		this.owners.remember(List.of(file("1")), ONE, "chat");
		String[] hash = new String[1];
		this.owners.listen(new OwnerExchange.Listener() {

			@Override
			public void onRemembered(String object, OwnerExchange.KnownObject known, @Nullable String by) {
				hash[0] = object;
			}

			@Override
			public void onForgotten(String object, Owner owner) {
			}

		});
		this.owners.remember(List.of(file("1")), TWO, "chat");
		this.owners.learn(hash[0], new OwnerExchange.KnownObject(List.of(TWO), "other"), "other");
		assertThat(this.owners.findPrincipals(List.of(file("1"))).block()).containsValue("chat");
		this.owners.correct(hash[0], new OwnerExchange.KnownObject(List.of(TWO), "other"));
		assertThat(ownersOf(file("1"))).containsExactly(TWO);
		assertThat(this.owners.findPrincipals(List.of(file("1"))).block()).containsValue("other");
		this.owners.forget(file("1"), ONE);
		this.owners.forget(file("1"), TWO);
		this.owners.learn(hash[0], new OwnerExchange.KnownObject(List.of(), "other"), null);
		assertThat(this.owners.findPrincipals(List.of(file("1"))).block()).containsValue("other");
	}

	@Test
	void whatRequestsOfOthersNamedElsewhereDoesNotChangeWhereAnObjectIsAlsoIfItIsLearned() {
		this.owners.rememberMentioned(List.of(file("1")), TWO, "other");
		this.owners.remember(List.of(file("1")), ONE, "chat");
		assertThat(ownersOf(file("1"))).as("the place of its principal").containsExactly(ONE);
		List<OwnerExchange.KnownObject> sent = new ArrayList<>();
		List<String> hashes = new ArrayList<>();
		this.owners.listen(new OwnerExchange.Listener() {

			@Override
			public void onRemembered(String object, OwnerExchange.KnownObject known, @Nullable String by) {
				hashes.add(object + " by " + by);
				sent.add(known);
			}

			@Override
			public void onForgotten(String object, Owner owner) {
			}

		});
		this.owners.rememberMentioned(List.of(file("2")), ONE, "chat");
		this.owners.rememberMentioned(List.of(file("2")), TWO, "other");
		assertThat(sent).as("only what the request of the same principal has shown")
			.containsExactly(new OwnerExchange.KnownObject(List.of(ONE), null),
					new OwnerExchange.KnownObject(List.of(TWO), null));
		assertThat(hashes.get(1)).endsWith("by other");
		String hash = hashes.get(0).substring(0, 32);
		this.owners.learn(hash, new OwnerExchange.KnownObject(List.of(ONE), "chat"), "chat");
		assertThat(ownersOf(file("2"))).containsExactly(ONE);
		this.owners.learn(hash, new OwnerExchange.KnownObject(List.of(TWO), null), "other");
		assertThat(ownersOf(file("2"))).containsExactly(ONE);
		this.owners.learn(hash, new OwnerExchange.KnownObject(List.of(TWO), null), "chat");
		assertThat(ownersOf(file("2"))).containsExactly(ONE, TWO);
	}

	@Test
	void anOwnerWhoseKeyHasChangedIsRecordedOnceAndCanBeForgotten() {
		Owner old = new Owner("https://api.openai.com", "old", "a");
		Owner renewed = new Owner("https://api.openai.com", "new", "a");
		this.owners.rememberMentioned(List.of(file("1"), file("2")), old, null);
		this.owners.rememberMentioned(List.of(file("1")), renewed, null);
		assertThat(ownersOf(file("1"))).containsExactly(renewed);
		this.owners.forget(file("2"), renewed);
		assertThat(ownersOf(file("2"))).isEmpty();
	}

	@Test
	void anIdOfTwoBackendsKeepsItsFirstOwnerFirst() {
		this.owners.rememberMentioned(List.of(file("1")), ONE, null);
		this.owners.rememberMentioned(List.of(file("1")), TWO, null);
		this.owners.rememberMentioned(List.of(file("1")), ONE, null);
		assertThat(ownersOf(file("1"))).containsExactly(ONE, TWO);
	}

	@Test
	void anOwnerIsForgottenAfterATimeWithoutUse() {
		this.owners.rememberMentioned(List.of(file("used"), file("unused")), ONE, null);
		this.time.advance(Duration.ofHours(23));
		assertThat(ownersOf(file("used"))).containsExactly(ONE);
		this.time.advance(Duration.ofHours(2));
		assertThat(ownersOf(file("used"))).containsExactly(ONE);
		assertThat(ownersOf(file("unused"))).isEmpty();
	}

	@Test
	void aReloadChangesTheBounds() {
		IntStream.range(0, 300).forEach((i) -> this.owners.rememberMentioned(List.of(file("file-" + i)), ONE, null));
		this.owners.onApplied(TestPools
			.pools(this.time, java.util.Map.of(), TestPools.backend("a", "url=https://one.openai.azure.com"))
			.current());
		IntStream.range(0, 5_000).forEach((i) -> this.owners.rememberMentioned(List.of(file("file-" + i)), ONE, null));
		this.owners.cleanUp();
		assertThat(this.owners.size()).isEqualTo(5_000);
	}

	@Test
	void theMemoryIsBounded() {
		IntStream.range(0, 10_000).forEach((i) -> this.owners.rememberMentioned(List.of(file("file-" + i)), ONE, null));
		this.owners.cleanUp();
		assertThat(this.owners.size()).isBetween(300L, 64L * 1024 / MemoryObjectOwners.ENTRY_BYTES);
	}

}
