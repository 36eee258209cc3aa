package dev.weir.simulator;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

class TokenEstimateTests {

	@ParameterizedTest(quoteTextArguments = false)
	@CsvSource(delimiter = '|', textBlock = """
			CHAT       | {"messages":[{"role":"user","content":"hi"}]}                                       | 17
			CHAT       | {"messages":[{"role":"user","content":"12345"},{"role":"user","content":"123"}]}    | 18
			CHAT       | {"messages":[{"role":"user","content":[{"type":"text","text":"12345678"}]}]}        | 18
			CHAT       | {"messages":[],"max_tokens":100}                                                    | 100
			CHAT       | {"messages":[],"max_completion_tokens":50,"max_tokens":100}                         | 50
			CHAT       | {"messages":[],"max_tokens":null}                                                   | 16
			CHAT       | {"messages":[],"max_tokens":-5}                                                     | 1
			COMPLETION | {"prompt":"12345678"}                                                               | 18
			COMPLETION | {"prompt":["1234","5678"],"max_tokens":3}                                           | 5
			RESPONSE   | {"input":"1234","instructions":"1234"}                                              | 18
			RESPONSE   | {"input":[{"role":"user","content":"1234"}],"max_output_tokens":20}                 | 21
			EMBEDDING  | {"input":"12345"}                                                                   | 2
			EMBEDDING  | {"input":["1234","1234"],"max_tokens":100}                                          | 2
			EMBEDDING  | {"input":[1, 2, 3]}                                                                 | 3
			EMBEDDING  | {"input":[[1, 2, 3], [4]]}                                                          | 4
			EMBEDDING  | {"input":""}                                                                        | 1
			SPEECH     | {"input":"12345678"}                                                                | 2
			""")
	void theCostIsTheLongestOutputPlusTheTokensOfThePrompt(SimulatedOperation operation, String body, long cost) {
		assertThat(TokenEstimate.cost(operation, SimulatorClient.json(body))).isEqualTo(cost);
	}

}
