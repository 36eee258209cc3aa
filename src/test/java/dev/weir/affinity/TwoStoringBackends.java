package dev.weir.affinity;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

import dev.weir.testing.StoringBackend;
import dev.weir.testing.WeirServer;

/**
 * The base of tests with two backends that store objects, behind one Weir for all tests
 * of the class.
 */
abstract class TwoStoringBackends {

	static StoringBackend alpha;

	static StoringBackend beta;

	static WeirServer weir;

	@BeforeAll
	static void startBackends() {
		alpha = StoringBackend.start("alpha");
		beta = StoringBackend.start("beta");
		weir = WeirServer.withBackends(WeirServer.backend("alpha", alpha.url()),
				WeirServer.backend("beta", beta.url()));
	}

	@AfterAll
	static void stopBackends() {
		weir.close();
		alpha.close();
		beta.close();
	}

}
