package dev.weir.backend;

import java.util.AbstractList;
import java.util.Collection;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Collectors;

import dev.weir.config.BackendDialect;

/**
 * The lanes of a pool that serve one model, made once so that no request has to go
 * through them all. Never changes.
 */
public final class Lanes extends AbstractList<Lane> {

	private final Lane[] lanes;

	private final List<Tier> tiers;

	private final Lanes azure;

	private Lanes(Collection<Lane> lanes, boolean azureOnly) {
		this.lanes = lanes.toArray(Lane[]::new);
		this.tiers = lanes.stream()
			.collect(Collectors.groupingBy(Lane::priority, TreeMap::new, Collectors.toList()))
			.values()
			.stream()
			.map(Tier::new)
			.collect(Collectors.toUnmodifiableList());
		this.azure = (azureOnly || lanes.stream().allMatch(Lanes::isAzure)) ? this
				: new Lanes(lanes.stream().filter(Lanes::isAzure).toList(), true);
	}

	/**
	 * Puts lanes together.
	 * @param lanes the lanes
	 * @return the same ones in the same order
	 */
	public static Lanes of(Collection<Lane> lanes) {
		return new Lanes(lanes, false);
	}

	private static boolean isAzure(Lane lane) {
		return lane.backend().dialect() == BackendDialect.AZURE;
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
	 * The same lanes by priority.
	 * @return the tiers that have any, the best first
	 */
	public List<Tier> tiers() {
		return this.tiers;
	}

	/**
	 * Those of them whose backends speak Azure's dialect.
	 * @return the lanes, perhaps none
	 */
	public Lanes azure() {
		return this.azure;
	}

}
