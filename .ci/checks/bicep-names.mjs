// Finds undeclared, duplicate and unused names in a Bicep file, as the compiler does.
import { DECORATORS, NAMESPACES, TYPES, isFunction } from './bicep-builtins.mjs';
import { descendants, finding, goesOn } from './bicep-syntax.mjs';

const KINDS = {
  parameter_declaration: 'param',
  variable_declaration: 'var',
  resource_declaration: 'resource',
  module_declaration: 'module',
  type_declaration: 'type',
  user_defined_function: 'func',
};

/** The direct declarations of a node: kind, name and node. */
export function declarations(node) {
  return node.namedChildren
    .map((child) => (child.type === 'object_property' ? child.namedChildren[0] : child)) // a nested resource
    .filter((child) => child?.type in KINDS)
    .map((child) => ({ kind: KINDS[child.type], name: nameOf(child).text, node: child }));
}

function nameOf(declaration) {
  return declaration.childForFieldName('name') ?? declaration.namedChildren.find((n) => n.type === 'identifier');
}

export function nameErrors(root) {
  const errors = doubled(root);
  const globals = declarations(root);
  const used = new Set();
  const names = [...globals.map(({ name }) => name), ...imported(root)];
  visit(root, { errors, used, scope: new Scope(names), lambdas: lambdaScopes(root) });
  for (const { kind, name, node } of globals) {
    const unused = !used.has(name);
    if (unused && (['param', 'var'].includes(kind) || isExisting(node))) {
      errors.push(finding(nameOf(node), `${kind} "${name}" is not used`));
    }
  }
  return errors;
}

function isExisting(declaration) {
  return declaration.children.some((child) => child.type === 'existing');
}

function imported(root) {
  return root.namedChildren
    .filter((node) => node.type.startsWith('import'))
    .flatMap((node) => node.namedChildren.filter((n) => n.type === 'identifier').map((n) => n.text));
}

function doubled(root) {
  const errors = repeated(declarations(root).map(({ node }) => nameOf(node)), 'is declared twice');
  const outputs = root.namedChildren.filter((node) => node.type === 'output_declaration');
  errors.push(...repeated(outputs.map(nameOf), 'is an output twice'));
  for (const node of descendants(root)) {
    if (node.type === 'object') {
      errors.push(...repeated(propertyKeys(node), 'is twice in this object'));
    }
  }
  return errors;
}

export function propertyKeys(object) {
  return object.namedChildren
    .filter((n) => n.type === 'object_property' && n.namedChildren[0].type !== 'resource_declaration')
    .map((n) => n.namedChildren[0]);
}

function repeated(nodes, what) {
  const seen = new Set();
  return nodes.filter((n) => seen.size === seen.add(n.text).size).map((n) => finding(n, `"${n.text}" ${what}`));
}

class Scope {
  constructor(names, outer) {
    this.names = new Set(names);
    this.outer = outer;
  }

  has(name) {
    return this.names.has(name) || (this.outer?.has(name) ?? false);
  }
}

function visit(node, context) {
  const within = (names) => (names.length ? { ...context, scope: new Scope(names, context.scope) } : context);
  const visitAll = (nodes, inner = context) => nodes.forEach((child) => visit(child, inner));
  const field = (name) => node.childForFieldName(name);
  const inner = within(context.lambdas.get(node.id) ?? []);

  switch (node.type) {
    case 'identifier':
      return goesOn(node) && node.nextSibling.text.startsWith('(')
        ? resolve(node, context, isFunction, 'function ')
        : resolve(node, context, (name) => NAMESPACES.has(name) || TYPES.has(name));
    case 'decorator': {
      const call = node.namedChildren[0];
      resolveCallee(call, context, (name) => DECORATORS.has(name));
      return visit(call.childForFieldName('arguments'), context);
    }
    case 'call_expression':
      resolveCallee(node, inner, isFunction);
      return visit(field('arguments'), inner);
    case 'lambda_expression':
      return visit(node.namedChildren.at(-1), inner);
    case 'resource_expression': // the name of the nested resource belongs to another scope
      return visit(field('object'), inner);
    case 'for_statement': {
      const names = node.namedChildren[0].type === 'for_loop_parameters'
        ? node.namedChildren[0].namedChildren.map((n) => n.text)
        : [field('initializer')?.text].filter(Boolean);
      visitAll(node.namedChildren.slice(1, -1)); // the iterated expression
      return visit(field('body'), within(names));
    }
    case 'user_defined_function': {
      const parameters = field('name').nextNamedSibling.namedChildren;
      visitAll(parameters.flatMap((p) => p.namedChildren.slice(1))); // their types
      return visitAll(node.namedChildren.slice(2), within(parameters.map((p) => p.namedChildren[0].text)));
    }
    case 'object_property': {
      const [key, ...rest] = node.namedChildren;
      const isName = ['identifier', 'compatible_identifier'].includes(key.type);
      return visitAll(isName ? rest : [key, ...rest]);
    }
    case 'object':
      return visitAll(node.namedChildren, within(declarations(node).map(({ name }) => name)));
    default:
      if (node.type in KINDS || ['output_declaration', 'metadata_declaration', 'assert_statement'].includes(node.type)) {
        const name = nameOf(node);
        return visitAll(node.namedChildren.filter((child) => child.id !== name.id));
      }
      if (node.type.startsWith('import')) {
        return undefined;
      }
      return visitAll(node.namedChildren, inner);
  }
}

function resolveCallee(call, context, isBuiltIn) {
  const callee = call.childForFieldName('function');
  if (callee.type === 'identifier') {
    resolve(callee, context, isBuiltIn, 'function ');
  } else if (callee.type === 'member_expression' && NAMESPACES.has(callee.childForFieldName('object').text)) {
    const name = callee.childForFieldName('property');
    if (!isBuiltIn(name.text)) {
      context.errors.push(finding(name, `function "${callee.text}" is not declared`));
    }
  } else {
    visit(callee, context);
  }
}

function resolve(identifier, { scope, used, errors }, isBuiltIn, what = '') {
  const name = identifier.text;
  if (scope.has(name)) {
    used.add(name);
  } else if (!isBuiltIn(name)) {
    errors.push(finding(identifier, `${what}"${name}" is not declared`));
  }
}

/**
 * The scope of the parameters of a lambda. The grammar parses `a => a.name` as `(a => a).name`, so the scope is the
 * outermost expression that begins with the lambda.
 */
function lambdaScopes(root) {
  const scopes = new Map();
  for (const lambda of descendants(root)) {
    if (lambda.type === 'lambda_expression') {
      const parameter = lambda.namedChildren[0];
      const names = parameter.type === 'identifier' ? [parameter] : parameter.namedChildren;
      let outermost = lambda;
      while (outermost.parent.startIndex === lambda.startIndex && outermost.parent.type.endsWith('_expression')) {
        outermost = outermost.parent;
      }
      const known = scopes.get(outermost.id) ?? [];
      scopes.set(outermost.id, [...known, ...names.map((n) => n.text)]);
    }
  }
  return scopes;
}
