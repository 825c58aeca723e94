import { type Node, parse } from 'acorn';

/** One way that a program can take, or not: a function, a side of a condition, a case, a catch. */
export interface Branch {
  readonly kind: string;
  /** First character of what runs when this way is taken. */
  readonly at: number;
  readonly end: number;
}

/**
 * Every branch of a JavaScript module: functions; both sides of `if`, where there are two, and of `?:`; the right side of
 * `&&`, `||` and `??`; cases of a `switch` with statements of their own; bodies of loops and of `catch`. An `if` without an
 * `else` has one side here: V8 does not tell whether the other one was taken.
 */
export function branchesOf(source: string): readonly Branch[] {
  const found: Branch[] = [];
  walk(parse(source, { ecmaVersion: 'latest', sourceType: 'module' }), (node) => {
    for (const [kind, part] of partsOf(node)) {
      if (part !== undefined && part !== null) found.push({ kind, at: part.start, end: part.end });
    }
  });
  return found.sort((a, b) => a.at - b.at);
}

type Fields = Record<string, Node | readonly Node[] | null | undefined>;

function partsOf(node: Node): readonly (readonly [string, Node | null | undefined])[] {
  const fields = node as unknown as Fields;
  const one = (name: string): Node | null | undefined => fields[name] as Node | null | undefined;
  switch (node.type) {
    case 'IfStatement':
      return [
        ['if', one('consequent')],
        // `else if` is a condition of its own.
        ['else', one('alternate')?.type === 'IfStatement' ? null : one('alternate')],
      ];
    case 'ConditionalExpression':
      return [
        ['?', one('consequent')],
        [':', one('alternate')],
      ];
    case 'LogicalExpression':
      return [[(node as unknown as { operator: string }).operator, one('right')]];
    case 'SwitchCase':
      return [['case', (fields.consequent as readonly Node[])[0]]];
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression':
      return [['function', one('body')]];
    case 'ForStatement':
    case 'ForOfStatement':
    case 'ForInStatement':
    case 'WhileStatement':
      return [['loop', one('body')]];
    case 'CatchClause':
      return [['catch', one('body')]];
    default:
      return [];
  }
}

function walk(node: Node, visit: (node: Node) => void): void {
  visit(node);
  for (const value of Object.values(node as unknown as Fields)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (child !== null && typeof child === 'object' && 'type' in child) walk(child as Node, visit);
    }
  }
}
