// Checks infra/**/*.bicep without the Bicep compiler: syntax, names, and uses of modules. It does not check types and
// resources; the workflow infra.yml runs the compiler.
import { moduleErrors } from './bicep-modules.mjs';
import { nameErrors } from './bicep-names.mjs';
import { parse, syntaxErrors } from './bicep-syntax.mjs';
import { read, report } from './repository.mjs';

const files = await read('infra', /\.bicep$/, { recursive: true });
const trees = new Map(files.map(({ path, text }) => [path, parse(text)]));

const findings = files.flatMap(({ path }) => {
  const tree = trees.get(path);
  const syntax = syntaxErrors(tree);
  // names cannot be checked in a tree with syntax errors
  const errors = syntax.length > 0 ? syntax : [...nameErrors(tree), ...moduleErrors(path, trees)];
  return errors.map((error) => ({ path, ...error }));
});
report(findings, files, 'Bicep');
