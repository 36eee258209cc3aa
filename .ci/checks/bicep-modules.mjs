// Checks that every use of a module has its required parameters, and only parameters and outputs that it declares.
import { join, dirname } from 'node:path';
import { declarations, propertyKeys } from './bicep-names.mjs';
import { descendants, finding } from './bicep-syntax.mjs';

/** `trees`: the syntax tree of each Bicep file by its path. Modules of a registry are not checked. */
export function moduleErrors(path, trees) {
  const root = trees.get(path);
  const errors = [];
  const modules = new Map();
  for (const { name, node } of declarations(root).filter(({ kind }) => kind === 'module')) {
    const reference = node.namedChildren.find((n) => n.type === 'string');
    const target = reference.text.slice(1, -1);
    const module = trees.get(join(dirname(path), target));
    if (module) {
      modules.set(name, module);
      errors.push(...parameterErrors(node, target, module));
    } else if (!/^(br|ts)[:/]/.test(target)) {
      errors.push(finding(reference, `module file "${target}" does not exist`));
    }
  }
  return [...errors, ...outputErrors(root, modules)];
}

function parameterErrors(declaration, target, module) {
  const errors = [];
  const all = declarations(module).filter(({ kind }) => kind === 'param');
  const body = bodyOf(declaration);
  const params = body && valueOf(body, 'params');
  const given = params?.type === 'object' ? propertyKeys(params) : [];
  for (const key of given) {
    if (!all.some(({ name }) => name === key.text)) {
      errors.push(finding(key, `"${target}" has no param "${key.text}"`));
    }
  }
  for (const { name } of all.filter(({ node }) => isRequired(node))) {
    if (!given.some((key) => key.text === name)) {
      errors.push(finding(params ?? declaration, `"${target}" needs the param "${name}"`));
    }
  }
  return errors;
}

function bodyOf(node) {
  const last = node.namedChildren.at(-1);
  return ['for_statement', 'if_statement'].includes(last.type) ? bodyOf(last) : last;
}

function valueOf(object, key) {
  return object.namedChildren.find((n) => n.type === 'object_property' && n.namedChildren[0].text === key)
    ?.namedChildren.at(-1);
}

function isRequired(param) {
  const [, type, value] = param.namedChildren;
  return !value && type.namedChildren[0]?.type !== 'nullable_type';
}

function outputErrors(root, modules) {
  const errors = [];
  for (const node of descendants(root)) {
    const [object, property] = ['object', 'property'].map((name) => node.childForFieldName(name));
    if (node.type === 'member_expression' && object.type === 'member_expression'
        && object.childForFieldName('property').text === 'outputs') {
      const called = object.childForFieldName('object');
      const name = called.type === 'subscript_expression' ? called.childForFieldName('object').text : called.text;
      const module = modules.get(name);
      if (module && !outputs(module).includes(property.text)) {
        errors.push(finding(property, `module "${name}" has no output "${property.text}"`));
      }
    }
  }
  return errors;
}

function outputs(module) {
  return module.namedChildren.filter((n) => n.type === 'output_declaration').map((n) => n.namedChildren[0].text);
}
