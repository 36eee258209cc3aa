// Parses Bicep and finds syntax errors. The grammar is more lenient than the compiler, which requires line breaks as
// separators; errors that the grammar accepts are found in the tree.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Language, Parser } from 'web-tree-sitter';

await Parser.init();
const grammar = fileURLToPath(import.meta.resolve('tree-sitter-bicep/tree-sitter-bicep.wasm'));
const parser = new Parser().setLanguage(await Language.load(await readFile(grammar)));

export function parse(source) {
  return parser.parse(source).rootNode;
}

/** A finding; line and column start at 1. */
export function finding(node, message) {
  return { line: node.startPosition.row + 1, column: node.startPosition.column + 1, message };
}

export function* descendants(node) {
  yield node;
  for (const child of node.namedChildren) {
    yield* descendants(child);
  }
}

export function syntaxErrors(root) {
  const errors = [];
  collect(root, errors);
  return errors;
}

function collect(node, errors) {
  if (node.isMissing) {
    errors.push(finding(node, `syntax: ${node.type} is missing`));
  } else if (node.isError) {
    errors.push(finding(node, `syntax: cannot read ${excerpt(node)}`));
  } else {
    if (node.type === 'assignment_expression') {
      errors.push(finding(node, 'syntax: an assignment is not an expression'));
    }
    if (['infrastructure', 'object', 'array'].includes(node.type)) {
      errors.push(...unseparated(node));
    }
    node.children.forEach((child) => collect(child, errors));
  }
}

/** Statements, properties and items must be separated by line breaks; the latter two also by commas. */
function unseparated(node) {
  const extras = ['comment', 'diagnostic_comment', 'decorators'];
  const children = node.children.filter((child) => !extras.includes(child.type));
  return children
    .filter((child, i) => child.isNamed && children[i - 1]?.isNamed
      && children[i - 1].endPosition.row === child.startPosition.row && !goesOn(children[i - 1]))
    .map((child) => finding(child, `syntax: ${excerpt(child)} must be on a new line`));
}

/** In an array the grammar parses `call(x)` and `list[0]` as two items without a space between them. */
export function goesOn(item) {
  const next = item.nextSibling;
  return next?.startIndex === item.endIndex && /^[([]/.test(next.text);
}

function excerpt(node) {
  const line = node.text.trim().split('\n')[0];
  return `"${line.length > 50 ? `${line.slice(0, 50)}…` : line}"`;
}
