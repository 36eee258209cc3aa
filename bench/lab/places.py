"""Where things are, and which Java runs."""
import glob
import os

BENCH = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOT = os.path.dirname(BENCH)
TARGET = f"{BENCH}/target"
JAVA = os.environ.get("JAVA", f"{os.environ['JAVA_HOME']}/bin/java" if "JAVA_HOME" in os.environ else "java")


def weir_jar():
    given = os.environ.get("WEIR_JAR")
    jars = [given] if given else glob.glob(f"{ROOT}/target/weir-*.jar")
    if len(jars) != 1:
        raise SystemExit(f"There should be one jar of Weir in {ROOT}/target: run ./setup, or set WEIR_JAR")
    return jars[0]
