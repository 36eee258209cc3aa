package dev.weir.image;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;

@ExtendWith(OutputCaptureExtension.class)
class DockerConditionTests {

	@Test
	void testsRunIfAnEngineIsAvailable(CapturedOutput output) {
		assertThat(DockerCondition.evaluate(true, false).isDisabled()).isFalse();
		assertThat(output).doesNotContain("did NOT run");
	}

	@Test
	void aNoticeIsPrintedIfNoEngineIsAvailable(CapturedOutput output) {
		assertThat(DockerCondition.evaluate(false, false).isDisabled()).isTrue();
		assertThat(output).contains("did NOT run").contains("./mvnw verify");
	}

	@Test
	void testsFailInCiWithoutAnEngine() {
		assertThat(DockerCondition.evaluate(false, true).isDisabled()).isFalse();
	}

}
