package dev.weir.openai.body;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Predicate;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.io.JsonStringEncoder;

import dev.weir.openai.error.ApiErrorException;
import dev.weir.openai.stored.IdShape;
import dev.weir.openai.stored.NamedObject;

/**
 * A JSON body. The model is replaced, or inserted after the opening brace; all other
 * bytes stay.
 */
final class JsonBody extends RequestBody {

	private final BodyBytes bytes;

	private final JsonScan scan;

	private final long promptKey;

	private JsonBody(BodyBytes bytes, JsonScan scan, long promptKey) {
		super(bytes);
		this.bytes = bytes;
		this.scan = scan;
		this.promptKey = promptKey;
	}

	static JsonBody read(BodyBytes bytes, boolean strict, IdShape shape) {
		return new JsonBody(bytes, JsonScan.of(bytes.array(), strict, shape, null), 0);
	}

	static JsonBody readWithPrompt(BodyBytes bytes, IdShape shape) {
		PromptScan prompt = new PromptScan(bytes.array());
		JsonScan scan = JsonScan.of(bytes.array(), true, shape, prompt);
		return new JsonBody(bytes, scan, prompt.key(scan.model()));
	}

	@Override
	public long promptKey() {
		return this.promptKey;
	}

	@Override
	public @Nullable String model() {
		return this.scan.model();
	}

	@Override
	public boolean stream() {
		return this.scan.stream();
	}

	@Override
	public boolean isStoreDisabled() {
		return Boolean.FALSE.equals(this.scan.store());
	}

	@Override
	public boolean isStoreRequested() {
		return Boolean.TRUE.equals(this.scan.store());
	}

	@Override
	public boolean isAudioRequested() {
		return this.scan.audio();
	}

	@Override
	public @Nullable ApiErrorException problem() {
		return this.scan.problem();
	}

	@Override
	public List<NamedObject> objects() {
		return this.scan.objects();
	}

	@Override
	public @Nullable String purpose() {
		return this.scan.purpose();
	}

	@Override
	public @Nullable RequestBody withoutReasoning(Predicate<String> unwanted, IdShape shape) {
		byte[] cut = ReasoningCut.apply(this.bytes.array(), unwanted);
		return (cut != null) ? read(new BodyBytes(cut), true, shape) : null;
	}

	@Override
	public PromptSize promptSize() {
		return PromptSize.of(this.bytes.array());
	}

	@Override
	public long maxOutputTokens() {
		return this.scan.output().maxTokens();
	}

	@Override
	public long choices() {
		return this.scan.output().choices();
	}

	@Override
	public boolean canAskForUsage() {
		return usageEdit() != null;
	}

	@Override
	public List<ByteBuffer> askingForUsage(@Nullable String model) {
		BodyEdit usage = usageEdit();
		if (usage == null) {
			return (model != null) ? withModel(model) : bytes();
		}
		BodyEdit other = (model != null) ? modelEdit(model) : null;
		if (other == null) {
			return replace(usage.from(), usage.to(), usage.text());
		}
		// a model that is inserted, too, comes second: its comma follows it
		return (usage.from() <= other.from()) ? this.bytes.replace(usage, other) : this.bytes.replace(other, usage);
	}

	private @Nullable BodyEdit usageEdit() {
		return this.scan.output().usageEdit(JsonScan.startOfObject(this.bytes.array()) + 1);
	}

	@Override
	public List<ByteBuffer> withModel(String model) {
		BodyEdit edit = modelEdit(model);
		return replace(edit.from(), edit.to(), edit.text());
	}

	private BodyEdit modelEdit(String model) {
		StringBuilder value = new StringBuilder(this.scan.hasModel() ? "\"" : "\"model\":\"");
		JsonStringEncoder.getInstance().quoteAsString(ModelName.toBackend(model), value);
		value.append((this.scan.hasModel() || this.scan.empty()) ? "\"" : "\",");
		return new BodyEdit(this.scan.from(), this.scan.to(), value.toString());
	}

}
