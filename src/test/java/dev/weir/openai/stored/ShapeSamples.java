package dev.weir.openai.stored;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Bodies that have an id in each place that a shape describes.
 */
public final class ShapeSamples {

	private ShapeSamples() {
	}

	/**
	 * Writes a body for each id of a shape.
	 * @param shape the shape of the body
	 * @return the bodies
	 */
	public static List<Sample> of(IdShape shape) {
		List<Sample> samples = new ArrayList<>();
		collect(shape, "", "%s", samples);
		return samples;
	}

	private static void collect(IdShape shape, String path, String text, List<Sample> samples) {
		NamedObject named = shape.named("x");
		if (named != null) {
			samples.add(new Sample(path, text.formatted("\"ID\""), named.object().kind()));
			samples.add(new Sample(path + "[]", text.formatted("[1,{},\"ID\"]"), named.object().kind()));
		}
		Map<String, IdShape> properties = shape.properties();
		properties.forEach((name, of) -> collect(of, path.isEmpty() ? name : path + "." + name,
				text.formatted("{\"other\":{\"id\":\"x\"},\"" + name + "\":%s}"), samples));
		IdShape other = shape.property("any");
		if (other != null && !properties.containsKey("any")) {
			collect(other, path + ".*", text.formatted("{\"any\":%s}"), samples);
		}
	}

	/**
	 * A body with one id.
	 *
	 * @param path the names of the properties
	 * @param body the JSON with the text ID in place of the id
	 * @param kind the kind of the object
	 */
	public record Sample(String path, String body, ObjectKind kind) {
	}

}
