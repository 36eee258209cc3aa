package dev.weir.openai.stored;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

import org.jspecify.annotations.Nullable;

/**
 * Where a JSON value has ids of stored objects. A shape describes a value: if that is a
 * string, whether it is an id; if it is an object, the shapes of its properties; if it is
 * an array, the shape holds for each element. Properties without a shape are skipped, so
 * a text or a metadata entry that looks like an id is none. Immutable.
 */
public final class IdShape {

	/** A value without ids. */
	public static final IdShape NONE = new IdShape(null, Map.of(), null);

	private final @Nullable Id id;

	private final Map<String, IdShape> properties;

	private final @Nullable IdShape others;

	private IdShape(@Nullable Id id, Map<String, IdShape> properties, @Nullable IdShape others) {
		this.id = id;
		this.properties = properties;
		this.others = others;
	}

	/**
	 * Adds a property whose value, or each element of it, is an id.
	 * @param name the name of the property
	 * @param of the kind of the object
	 * @return this shape with the property
	 */
	public IdShape id(String name, ObjectKind of) {
		return with(name, Id.of(of, name).shape());
	}

	/**
	 * Adds a property with an id that a backend does not need, such as that of a
	 * container in the report of an earlier tool call.
	 * @param name the name of the property
	 * @param of the kind of the object
	 * @return this shape with the property
	 */
	IdShape hint(String name, ObjectKind of) {
		return with(name, new Id(of, name, false, false, ReportedObject.Origin.CREATED).shape());
	}

	/**
	 * Adds a property whose value is no id, but belongs to the backend that made it: a
	 * {@link ContentHash} of it takes the place of an id.
	 * @param name the name of the property
	 * @param of the kind of the value
	 * @return this shape with the property
	 */
	IdShape content(String name, ObjectKind of) {
		return with(name, new Id(of, name, true, true, ReportedObject.Origin.RESULT).shape());
	}

	/**
	 * Adds a property whose value is an id, or an object with a property {@code id}.
	 * @param name the name of the property
	 * @param of the kind of the object
	 * @return this shape with the property
	 */
	IdShape idOrObject(String name, ObjectKind of) {
		return idOrObject(Id.of(of, name));
	}

	private IdShape idOrObject(Id either) {
		return with(either.param(), new IdShape(either, Map.of("id", either.shape()), null));
	}

	/**
	 * Adds a property whose value is an object with a property {@code id}.
	 * @param name the name of the property
	 * @param of the kind of the object
	 * @return this shape with the property
	 */
	IdShape object(String name, ObjectKind of) {
		return object(Id.of(of, name));
	}

	private IdShape object(Id inside) {
		return with(inside.param(), new IdShape(null, Map.of("id", inside.shape()), null));
	}

	/**
	 * Adds a property of a response with the id of an object that the request, or the
	 * object that it names, has made.
	 * @param name the name of the property
	 * @param of the kind of the object
	 * @return this shape with the property
	 */
	IdShape result(String name, ObjectKind of) {
		return with(name, Id.of(of, name).from(ReportedObject.Origin.RESULT).shape());
	}

	/**
	 * Adds a property of a response with an object that the request, or the object that
	 * it names, has made.
	 * @param name the name of the property
	 * @param of the kind of the object
	 * @return this shape with the property
	 */
	IdShape resultObject(String name, ObjectKind of) {
		return object(Id.of(of, name).from(ReportedObject.Origin.RESULT));
	}

	/**
	 * Adds a property of a response that repeats an id which this or an earlier request
	 * has named.
	 * @param name the name of the property
	 * @param of the kind of the object
	 * @return this shape with the property
	 */
	IdShape echo(String name, ObjectKind of) {
		return with(name, Id.of(of, name).from(ReportedObject.Origin.ECHO).shape());
	}

	/**
	 * Adds a property of a response that repeats the id of an object, or an object with
	 * its id, which this or an earlier request has named.
	 * @param name the name of the property
	 * @param of the kind of the object
	 * @return this shape with the property
	 */
	IdShape echoedObject(String name, ObjectKind of) {
		return idOrObject(Id.of(of, name).from(ReportedObject.Origin.ECHO));
	}

	/**
	 * Adds a property.
	 * @param name its name
	 * @param shape the shape of its value
	 * @return this shape with the property
	 */
	IdShape with(String name, IdShape shape) {
		Map<String, IdShape> all = new LinkedHashMap<>(this.properties);
		all.put(name, shape);
		return new IdShape(this.id, Collections.unmodifiableMap(all), this.others);
	}

	/**
	 * Adds all properties of another shape.
	 * @param shape the other shape
	 * @return this shape with these properties
	 */
	IdShape and(IdShape shape) {
		IdShape both = this;
		for (Map.Entry<String, IdShape> property : shape.properties.entrySet()) {
			both = both.with(property.getKey(), property.getValue());
		}
		return both;
	}

	/**
	 * Sets the shape of each property that is not added, for objects whose names the
	 * client chooses.
	 * @param shape the shape of their values
	 * @return this shape with it
	 */
	IdShape withOthers(IdShape shape) {
		return new IdShape(this.id, this.properties, shape);
	}

	/**
	 * The same ids with an option for a string in place of the object.
	 * @param of the kind of the object that the string names
	 * @param name the name of the property for messages
	 * @return this shape with it
	 */
	IdShape orId(ObjectKind of, String name) {
		return new IdShape(Id.of(of, name), this.properties, this.others);
	}

	/**
	 * The shape of a property. Some servers ignore the case of names, so it is ignored
	 * here, too.
	 * @param name its name
	 * @return the shape, or {@code null} if it has no ids
	 */
	public @Nullable IdShape property(String name) {
		IdShape shape = this.properties.get(name);
		if (shape == null && !this.properties.isEmpty() && hasCapital(name)) {
			shape = this.properties.get(name.toLowerCase(Locale.ROOT));
		}
		return (shape != null) ? shape : this.others;
	}

	private static boolean hasCapital(String name) {
		for (int i = 0; i < name.length(); i++) {
			if (name.charAt(i) >= 'A' && name.charAt(i) <= 'Z') {
				return true;
			}
		}
		return false;
	}

	Map<String, IdShape> properties() {
		return this.properties;
	}

	/**
	 * Whether a string is an id here.
	 * @return whether it is
	 */
	public boolean isId() {
		return this.id != null;
	}

	/**
	 * Whether a client may use only an object that is known here.
	 * @return {@code false} if the request can do without it, or the client may have made
	 * up its id
	 */
	public boolean mustBeKnown() {
		return this.id != null && this.id.required() && this.id.kind().isRecorded();
	}

	/**
	 * Whether the {@link ContentHash} of a string is an id here, and not the string.
	 * @return whether it is
	 */
	public boolean isHashed() {
		return this.id != null && this.id.hashed();
	}

	/**
	 * The object that a request names by an id.
	 * @param text the string
	 * @return the object, or {@code null} if the string is no id
	 */
	public @Nullable NamedObject named(@Nullable String text) {
		StoredObject object = (this.id != null) ? StoredObject.of(this.id.kind(), text) : null;
		return (this.id != null && object != null) ? new NamedObject(object, this.id.param(), this.id.required())
				: null;
	}

	/**
	 * The object that a response names by an id.
	 * @param text the string
	 * @return the object, or {@code null} if the string is no id
	 */
	public @Nullable ReportedObject reported(@Nullable String text) {
		StoredObject object = (this.id != null) ? StoredObject.of(this.id.kind(), text) : null;
		return (this.id != null && object != null) ? new ReportedObject(object, this.id.origin()) : null;
	}

	/**
	 * What a string is.
	 *
	 * @param kind the kind of the object
	 * @param param the name of the property for messages
	 * @param required whether a request fails without the object
	 * @param hashed whether the string is content, and its hash the id
	 * @param origin where an object comes from that a response names
	 */
	private record Id(ObjectKind kind, String param, boolean required, boolean hashed, ReportedObject.Origin origin) {

		static Id of(ObjectKind kind, String param) {
			return new Id(kind, param, true, false, ReportedObject.Origin.CREATED);
		}

		Id from(ReportedObject.Origin other) {
			return new Id(this.kind, this.param, this.required, this.hashed, other);
		}

		IdShape shape() {
			return new IdShape(this, Map.of(), null);
		}

	}

}
