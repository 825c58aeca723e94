import type { RefusalCode } from '../errors.js';
import { statusOf } from '../http/statuses.js';

type Success = { readonly description: string; readonly content: Record<string, object> };

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
export const jsonOf = (name: string, description: string): Success => ({
  description,
  content: { 'application/json': { schema: ref(name) } },
});
export const bytesOf = (type: string, description: string): Success => ({
  description,
  content: { [type]: { schema: { type: 'string' } } },
});

const pattern = (name: string, text: string) => ({
  name,
  in: 'path',
  required: true,
  schema: { type: 'string', pattern: text },
});
const number = (name: string, minimum: number) => ({
  name,
  in: 'path',
  required: true,
  schema: { type: 'integer', minimum },
});
export const parameters = {
  ns: { name: 'ns', in: 'path', required: true, schema: { type: 'string' } },
  epoch: number('epoch', 1),
  size: number('size', 0),
  digest: pattern('digest', '^[0-9a-f]{64}$'),
  version: pattern('version', '^(latest|[1-9][0-9]*)$'),
  tile: {
    ...pattern('tile', '^.+$'),
    description: '`L/N`, `L/N.p/W`, `entries/N` or `entries/N.p/W` (C2SP tlog-tiles); N in groups of three digits',
  },
};

/** Refusals that any request with a body may get. */
const ofBodies: readonly RefusalCode[] = ['bad-request', 'body-too-large', 'body-too-slow', 'busy', 'halted'];

/** One operation: its successes by status, and every code of refusal, from which the other statuses follow. */
export function operation(
  summary: string,
  inPath: readonly (keyof typeof parameters)[],
  successes: Record<number, Success>,
  refusals: readonly RefusalCode[] = [],
  body?: { readonly type: string; readonly schema: string | undefined },
) {
  const codes = [...refusals, ...(body === undefined ? [] : ofBodies)];
  const byStatus = new Map<number, RefusalCode[]>();
  for (const code of codes) byStatus.set(statusOf[code], [...(byStatus.get(statusOf[code]) ?? []), code]);
  const failures = [...byStatus].map(([status, names]) => [
    status,
    {
      description: names.map((name) => `\`${name}\``).join(', '),
      content: {
        'application/json': {
          schema: {
            type: 'object',
            properties: { error: { type: 'string', enum: names } },
            required: ['error'],
            additionalProperties: false,
          },
        },
      },
    },
  ]);
  const schema = body?.schema === undefined ? { type: 'string' } : ref(body.schema);
  return {
    summary,
    ...(inPath.length === 0 ? {} : { parameters: inPath.map((name) => parameters[name]) }),
    ...(body === undefined ? {} : { requestBody: { required: true, content: { [body.type]: { schema } } } }),
    responses: { ...successes, ...Object.fromEntries(failures) },
  };
}
