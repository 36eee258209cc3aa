package dev.weir.backend;

import java.util.AbstractList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

import dev.weir.config.BackendDialect;
import dev.weir.config.ClientPriority;

/**
 * The lanes of a pool that serve one model. Immutable, and computed once, so that a
 * request does not have to filter all lanes.
 */
public final class Lanes extends AbstractList<Lane> {

	private final Lane[] lanes;

	private final List<Tier> tiers;

	private final Lanes azure;

	private final Map<Backend, Lane> byBackend;

	private final Lanes versioned;

	private final Lanes azureVersioned;

	private final Map<ClientPriority, Lanes> byPriority = new EnumMap<>(ClientPriority.class);

	private Lanes(Collection<Lane> lanes, boolean whole) {
		this.lanes = lanes.toArray(Lane[]::new);
		this.tiers = lanes.stream()
			.collect(Collectors.groupingBy(Lane::priority, TreeMap::new, Collectors.toList()))
			.values()
			.stream()
			.map(Tier::new)
			.collect(Collectors.toUnmodifiableList());
		this.byBackend = lanes.stream().collect(Collectors.toUnmodifiableMap(Lane::backend, (lane) -> lane));
		for (ClientPriority priority : ClientPriority.values()) {
			this.byPriority.put(priority, only((lane) -> lane.backend().properties().isFor(priority)));
		}
		this.azure = whole ? only(Lanes::isAzure) : this;
		this.versioned = whole ? only(Lanes::needsNoVersion) : this;
		this.azureVersioned = whole ? this.azure.only(Lanes::needsNoVersion) : this;
	}

	private Lanes only(Predicate<Lane> wanted) {
		List<Lane> some = Stream.of(this.lanes).filter(wanted).toList();
		return (some.size() == this.lanes.length) ? this : new Lanes(some, false);
	}

	/**
	 * Creates the lanes of a model.
	 * @param lanes the lanes
	 * @return the same lanes in the same order
	 */
	public static Lanes of(Collection<Lane> lanes) {
		return new Lanes(lanes, true);
	}

	private static boolean isAzure(Lane lane) {
		return lane.backend().dialect() == BackendDialect.AZURE;
	}

	private static boolean needsNoVersion(Lane lane) {
		return !isAzure(lane) || lane.backend().properties().apiVersion() != null;
	}

	/**
	 * The lanes of some backends.
	 * @param backends accepts the backends
	 * @return their lanes in the same order, possibly none
	 */
	public Lanes of(Predicate<Backend> backends) {
		return only((lane) -> backends.test(lane.backend()));
	}

	@Override
	public Lane get(int index) {
		return this.lanes[index];
	}

	@Override
	public int size() {
		return this.lanes.length;
	}

	/**
	 * The lane of a backend.
	 * @param backend the backend
	 * @return the lane, or {@code null} if the backend has none of them
	 */
	public @Nullable Lane of(Backend backend) {
		return this.byBackend.get(backend);
	}

	/**
	 * The same lanes by priority.
	 * @return the tiers that are not empty, the highest priority first
	 */
	public List<Tier> tiers() {
		return this.tiers;
	}

	/**
	 * The lanes that clients of a priority may use.
	 * @param priority the priority
	 * @return the lanes whose backends are kept for none or for such clients, possibly
	 * none; always the same object for the same priority
	 */
	public Lanes forPriority(ClientPriority priority) {
		return Objects.requireNonNull(this.byPriority.get(priority));
	}

	/**
	 * The lanes that can take a call in its dialect.
	 * @param azureOnly whether the call exists in Azure's dialect only
	 * @param lacksVersion whether the call is in Azure's classic dialect and names no
	 * {@code api-version}, so that a backend of that dialect must have one configured
	 * @return the lanes, possibly none; always the same object for the same arguments
	 */
	public Lanes taking(boolean azureOnly, boolean lacksVersion) {
		if (azureOnly) {
			return lacksVersion ? this.azureVersioned : this.azure;
		}
		return lacksVersion ? this.versioned : this;
	}

}
