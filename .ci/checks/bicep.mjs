// Checks infra/**/*.bicep where the Bicep compiler is not at hand: syntax, names, and calls of modules. It knows no
// types and no resources; the workflow infra.yml asks the compiler itself.
import { moduleErrors } from './bicep-modules.mjs';
import { nameErrors } from './bicep-names.mjs';
import { parse, syntaxErrors } from './bicep-syntax.mjs';
import { read, report } from './repository.mjs';

const files = await read('infra', /\.bicep$/, { recursive: true });
const trees = new Map(files.map(({ path, text }) => [path, parse(text)]));

const findings = files.flatMap(({ path }) => {
  const tree = trees.get(path);
  const syntax = syntaxErrors(tree);
  // what cannot be read hides names
  const errors = syntax.length > 0 ? syntax : [...nameErrors(tree), ...moduleErrors(path, trees)];
  return errors.map((error) => ({ path, ...error }));
});
report(findings, files, 'Bicep');
