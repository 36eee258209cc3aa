package dev.weir.testing;

import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;

/**
 * What one resource stores, as a script for a {@link RawBackend}: lists with
 * {@code limit}, {@code order}, {@code after}, {@code before} and filters, objects by id,
 * and their deletion. Objects with the same time of creation keep the order in which they
 * were added, the last one first.
 */
public final class ObjectStore implements RawBackend.Script {

	private final Map<String, List<StoredObject>> lists = new ConcurrentHashMap<>();

	private volatile int maxPage = Integer.MAX_VALUE;

	private volatile boolean paged = true;

	private volatile boolean ordered = true;

	private volatile boolean showsMore = true;

	/**
	 * Adds an object.
	 * @param list the path of its list, such as {@code files}
	 * @param id its id
	 * @param created when it was created, in seconds since 1970
	 * @param properties further properties, in JSON, each with a comma before it
	 * @return this
	 */
	public ObjectStore add(String list, String id, long created, String properties) {
		this.lists.computeIfAbsent(list, (name) -> new CopyOnWriteArrayList<>())
			.add(new StoredObject(id, created, properties));
		return this;
	}

	public ObjectStore add(String list, String id, long created) {
		return add(list, id, created, "");
	}

	public void remove(String list, String id) {
		this.lists.get(list).removeIf((object) -> object.id().equals(id));
	}

	public List<String> ids(String list) {
		return ids(this.lists.get(list));
	}

	/**
	 * When an object was created.
	 * @param list the path of its list
	 * @param id its id
	 * @return the time in seconds since 1970
	 */
	public long created(String list, String id) {
		return this.lists.get(list)
			.stream()
			.filter((object) -> object.id().equals(id))
			.findFirst()
			.orElseThrow()
			.created();
	}

	/**
	 * Limits the pages, as some servers do whatever the limit of the client.
	 * @param objects the largest number of objects of a page
	 */
	public void maxPage(int objects) {
		this.maxPage = objects;
	}

	/** Sends whole lists, whatever the client asks for. */
	public void withoutPages() {
		this.paged = false;
	}

	/** Sends the oldest object first, whatever the client asks for. */
	public void oldestFirst() {
		this.ordered = false;
	}

	/** Sends pages without {@code has_more}. */
	public void withoutHasMore() {
		this.showsMore = false;
	}

	@Override
	public void run(RawBackend.Call call) throws IOException {
		String[] line = call.request().substring(0, call.request().indexOf("\r\n")).split(" ");
		String[] target = line[1].split("\\?", 2);
		String path = target[0].replaceFirst("^/(openai/v1|openai|v1)/", "");
		if (this.lists.containsKey(path)) {
			list(call, path, parameters((target.length > 1) ? target[1] : ""));
			return;
		}
		int slash = path.lastIndexOf('/');
		String name = (slash > 0) ? path.substring(0, slash) : "";
		String id = decoded(path.substring(slash + 1));
		StoredObject found = this.lists.getOrDefault(name, List.of())
			.stream()
			.filter((object) -> object.id().equals(id))
			.findFirst()
			.orElse(null);
		if (found == null && !this.lists.containsKey(name)) {
			call.respond("404 Not Found", "{\"error\":{\"message\":\"Invalid URL (" + line[0] + " " + target[0]
					+ ")\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":null}}");
			return;
		}
		if (found == null) {
			call.respond("404 Not Found", "{\"error\":{\"message\":\"No such object: " + id
					+ "\",\"type\":\"invalid_request_error\",\"param\":\"id\",\"code\":null}}");
			return;
		}
		if (line[0].equals("DELETE")) {
			this.lists.get(name).remove(found);
			call.respond("200 OK", "{\"id\":\"" + id + "\",\"object\":\"x.deleted\",\"deleted\":true}");
			return;
		}
		call.respond("200 OK", found.toJson(name));
	}

	private void list(RawBackend.Call call, String name, Map<String, String> parameters) throws IOException {
		List<StoredObject> all = new ArrayList<>(this.lists.get(name));
		String purpose = parameters.get("purpose");
		if (purpose != null) {
			all.removeIf((object) -> !object.properties().contains("\"purpose\":\"" + purpose + "\""));
		}
		if (!this.paged) {
			call.respond("200 OK", "{\"object\":\"list\",\"data\":[" + json(name, all) + "]}");
			return;
		}
		boolean newestFirst = !parameters.getOrDefault("order", name.equals("chat/completions") ? "asc" : "desc")
			.equals("asc");
		all.sort(Comparator.comparingLong(StoredObject::created));
		if (newestFirst && this.ordered) {
			Collections.reverse(all);
		}
		int from = 0;
		String after = parameters.get("after");
		if (after != null) {
			from = ids(all).indexOf(after) + 1;
			if (from == 0) {
				call.respond("400 Bad Request", "{\"error\":{\"message\":\"No such object: " + after
						+ "\",\"type\":\"invalid_request_error\",\"param\":\"after\",\"code\":null}}");
				return;
			}
		}
		int limit = Integer.parseInt(parameters.getOrDefault("limit", name.equals("files") ? "10000" : "20"));
		if (limit < 1 || limit > 10_000) {
			call.respond("400 Bad Request", "{\"error\":{\"message\":\"Invalid 'limit'\"}}");
			return;
		}
		int to = Math.min(all.size(), from + Math.min(limit, this.maxPage));
		List<StoredObject> page = all.subList(from, to);
		call.respond("200 OK",
				"{\"object\": \"list\", \"data\": [" + json(name, page) + "], \"first_id\": "
						+ (page.isEmpty() ? "null" : "\"" + page.get(0).id() + "\"")
						+ (this.showsMore ? ", \"has_more\": " + (to < all.size()) : "") + "}");
	}

	private static List<String> ids(List<StoredObject> objects) {
		return objects.stream().map(StoredObject::id).toList();
	}

	private static String json(String list, List<StoredObject> objects) {
		return objects.stream().map((object) -> object.toJson(list)).collect(Collectors.joining(",\n  "));
	}

	private static Map<String, String> parameters(String query) {
		Map<String, String> parameters = new HashMap<>();
		for (String parameter : query.split("&")) {
			String[] pair = parameter.split("=", 2);
			parameters.put(pair[0], (pair.length > 1) ? decoded(pair[1]) : "");
		}
		return parameters;
	}

	private static String decoded(String text) {
		return URLDecoder.decode(text, StandardCharsets.UTF_8);
	}

	private record StoredObject(String id, long created, String properties) {

		String toJson(String list) {
			return "{\"id\":\"" + this.id + "\",\"object\":\"" + list + "\",\""
					+ (list.equals("chat/completions") ? "created" : "created_at") + "\":" + this.created
					+ this.properties + "}";
		}

	}

}
