import assert from 'node:assert/strict';
import test from 'node:test';
import { run } from './run-check.mjs';

const GOOD = `
targetScope = 'subscription'

type account = {
  name: string
  @description('unset: \${defaultSku}')
  sku: string?
  priority: int
}

@minLength(1)
@sys.maxLength(64)
param environmentName string
@allowed(['chat', 'all'])
param kind 'chat' | 'all' = 'all'
param accounts account[] = [
  { name: 'one', priority: 1 }
  { name: 'two', sku: 'S0', priority: 2 }
]

var defaultSku = 'S0' // used in a description and below
var token = uniqueString(az.subscription().id, environmentName)
var names = map(accounts, a => a.name)
var sum = reduce(accounts, 0, (total, a) => total + a.priority)
var sorted = sort(filter(accounts, a => a.priority < 9 && a.name != kind), (a, b) => a.priority < b.priority)
var environment = flatten([for (a, i) in sorted: [
  { name: 'BACKEND_\${i}_NAME', value: a.name }
  { name: 'BACKEND_\${i}_SKU', value: a.?sku ?? defaultSku }
]])
var ids = [
  subscription().id
  names[0]
  resourceId('Microsoft.Resources/resourceGroups', names[1])
]

func named(prefix string, value string) string => '\${prefix}-\${value}'

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: named('rg', token)
  location: deployment().location
  tags: {
    'azd-env-name': environmentName
    ids: join(ids, ',')
    sum: string(sum)
  }
}

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' existing = if (!empty(kind)) {
  name: 'vault'
  scope: group
  resource secret 'secrets' = {
    name: 'secret'
  }
}

module pools 'core/pool.bicep' = [for name in names: {
  name: 'pool-\${name}'
  scope: group
  params: {
    name: name
    environment: environment
    secret: vault::secret.id
    keys: vault.listKeys()
  }
}]

output URL string = 'https://\${pools[0].outputs.host}'
output hosts array = [for (name, i) in names: pools[i].outputs.host]
`;

const POOL = `
param name string
param environment array
param secret string = ''
param keys object?
output host string = '\${name}\${length(environment)}\${secret}\${keys}'
`;

const files = (main) => ({ 'infra/main.bicep': main, 'infra/core/pool.bicep': POOL });
const check = (main) => run('bicep.mjs', files(main));

test('a good template passes', async () => {
  const { status, stdout, stderr } = await check(GOOD);
  assert.equal(stderr, '');
  assert.equal(stdout, 'Bicep: no findings in infra/core/pool.bicep, infra/main.bicep\n');
  assert.equal(status, 0);
});

test('no template at all is an error', async () => {
  const { status, stderr } = await run('bicep.mjs', { 'README.md': '' });
  assert.equal(stderr, 'Bicep: there is no file to check\n');
  assert.equal(status, 1);
});

const BROKEN = {
  // syntax
  'a missing brace': ["var tags = {\n  a: 'b'\noutput o object = tags\n", /^infra\/main\.bicep:\d+:\d+: syntax: /],
  'a missing quote': ["param a string = 'x\noutput o string = a\n", /main\.bicep:\d+:\d+: syntax: /],
  "a typo'd keyword": ['parm a string\noutput o string = a\n', /main\.bicep:1:1: syntax: cannot read "parm a string"/],
  "a typo'd existing": ["resource r 'A/b@2024-01-01' exsting = {\n  name: 'r'\n}\n", /main\.bicep:1:\d+: syntax: cannot read/],
  'an equals sign for a colon': ["output o object = {\n  a = 'b'\n}\n", /main\.bicep:2:\d+: syntax: /],
  'an assignment for an equality': ['param a bool\noutput o bool = a = true\n', /2:17: syntax: an assignment is not an expression/],
  'two properties on a line': ["output o object = { a: '1' b: '2' }\n", /1:28: syntax: "b: '2'" must be on a new line/],
  'two items on a line': ["output o array = ['1' '2']\n", /1:23: syntax: "'2'" must be on a new line/],
  'two statements on a line': ["param a string output o string = a\n", /1:16: syntax: "output o string = a" must be on a new line/],
  // names
  'an unknown identifier': ['output o string = location\n', /1:19: "location" is not declared/],
  'one within a string': ["output o string = 'a${location}'\n", /1:23: "location" is not declared/],
  'an unknown type': ['param a account[]\noutput o array = a\n', /1:9: "account" is not declared/],
  'an unknown function': ["output o string = uniqString('a')\n", /1:19: function "uniqString" is not declared/],
  'one in a list': ["output o array = [\n  uniqString('a')\n]\n", /2:3: function "uniqString" is not declared/],
  'one of a namespace': ["output o string = az.resGroup().id\n", /1:22: function "az\.resGroup" is not declared/],
  'a function that is not called': ['output o string = resourceGroup.id\n', /1:19: "resourceGroup" is not declared/],
  'an unknown decorator': ['@secret()\nparam a string\noutput o string = a\n', /1:2: function "secret" is not declared/],
  'a loop variable after its loop': ['var a = [for x in [1, 2]: x]\noutput o int = a[x]\n', /2:18: "x" is not declared/],
  'a lambda parameter after its lambda': [
    'var a = map([1, 2], x => x)\noutput o int = a[x]\n', /2:18: "x" is not declared/],
  'a nested resource without its parent': [
    "resource r 'A/b@2024-01-01' = {\n  name: 'r'\n  resource c 'c' = {\n    name: 'c'\n  }\n}\noutput o string = c.id\n",
    /7:19: "c" is not declared/],
  'an unused param': ['param a string\n', /1:7: param "a" is not used/],
  'an unused var': ['var a = 1\n', /1:5: var "a" is not used/],
  'a var of which only the name is used': ["var a = 1\noutput o object = {\n  a: 'a'\n}\n", /1:5: var "a" is not used/],
  'an unused existing resource': [
    "resource r 'A/b@2024-01-01' existing = {\n  name: 'r'\n}\n", /1:10: resource "r" is not used/],
  'a name declared twice': ["var a = 1\nparam a string\noutput o string = a\n", /2:7: "a" is declared twice/],
  'an output twice': ['output o int = 1\noutput o int = 2\n', /2:8: "o" is an output twice/],
  'a property twice': ["output o object = {\n  a: 1\n  a: 2\n}\n", /3:3: "a" is twice in this object/],
  // modules
  'a module that is not there': ["module m 'core/pol.bicep' = {\n  name: 'm'\n}\n", /1:10: module file "core\/pol\.bicep" does not exist/],
  'an unknown param of a module': [
    module('name: \'n\'\n    environment: []\n    nme: 1'), /6:5: "core\/pool\.bicep" has no param "nme"/],
  'a param that a module needs': [module("name: 'n'"), /3:11: "core\/pool\.bicep" needs the param "environment"/],
  'an unknown output of a module': [
    `${module("name: 'n'\n    environment: []")}output o string = m.outputs.hots\n`, /module "m" has no output "hots"/],
};

function module(params) {
  return `module m 'core/pool.bicep' = {\n  name: 'm'\n  params: {\n    ${params}\n  }\n}\n`;
}

for (const [what, [main, message]] of Object.entries(BROKEN)) {
  test(`${what} is caught`, async () => {
    const { status, stderr } = await check(main);
    assert.match(stderr, message);
    assert.equal(status, 1);
  });
}

for (const [what, from, to, message] of [
  ["a typo'd variable", 'value: a.name }', 'value: a1.name }', /"a1" is not declared/],
  ["a typo'd parameter", "uniqueString(az.subscription().id, environmentName)", 'uniqueString(envName)', /"envName" is/],
  ['a variable that is left over', 'scope: group\n  params', 'params', null],
  ['a brace too many', "named('rg', token)", "named('rg', token) }", /syntax: /],
  ['a missing bracket', 'names[1])\n]', 'names[1])\n', /syntax: /],
]) {
  test(`the good template with ${what} is ${message ? 'caught' : 'good still'}`, async () => {
    assert.ok(GOOD.includes(from));
    const { status, stderr } = await check(GOOD.replace(from, to));
    assert.match(stderr, message ?? /^$/);
    assert.equal(status, message ? 1 : 0);
  });
}
