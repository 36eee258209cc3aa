package dev.weir.image;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;

@ExtendWith(OutputCaptureExtension.class)
class DockerConditionTests {

	@Test
	void runsTheTestsWhereAnEngineAnswers(CapturedOutput output) {
		assertThat(DockerCondition.evaluate(true, false).isDisabled()).isFalse();
		assertThat(output).doesNotContain("did NOT run");
	}

	@Test
	void saysThatTheyDidNotRunWhereNoneAnswers(CapturedOutput output) {
		assertThat(DockerCondition.evaluate(false, false).isDisabled()).isTrue();
		assertThat(output).contains("did NOT run").contains("./mvnw verify");
	}

	@Test
	void letsThemFailInCi() {
		assertThat(DockerCondition.evaluate(false, true).isDisabled()).isFalse();
	}

}
