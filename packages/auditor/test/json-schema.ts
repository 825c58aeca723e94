import assert from 'node:assert/strict';
import { openApiDocument } from '@coffer/auditor';

/** As much of JSON Schema as the document uses; an unknown keyword fails, so that nothing in it goes unchecked. */
const known = new Set([
  '$ref',
  'type',
  'enum',
  'pattern',
  'minimum',
  'maximum',
  'items',
  'properties',
  'required',
  'additionalProperties',
  'propertyNames',
  'maxProperties',
  'description',
  'format',
  'contentEncoding',
]);

/** Fails unless `value` fits. */
export function assertFits(value: any, schema: any, path = '$'): void {
  for (const keyword of Object.keys(schema)) assert.ok(known.has(keyword), `unknown keyword ${keyword}`);
  if (schema.$ref !== undefined) {
    const name = schema.$ref.replace('#/components/schemas/', '') as keyof typeof openApiDocument.components.schemas;
    assertFits(value, openApiDocument.components.schemas[name], path);
    return;
  }
  if (schema.type !== undefined)
    assert.ok([schema.type].flat().includes(typeOf(value, schema)), `${path}: ${schema.type}`);
  if (schema.enum !== undefined) assert.ok(schema.enum.includes(value), `${path}: one of ${schema.enum}`);
  if (schema.pattern !== undefined) assert.match(value, new RegExp(schema.pattern), path);
  if (schema.minimum !== undefined) assert.ok(value >= schema.minimum, path);
  if (schema.maximum !== undefined) assert.ok(value <= schema.maximum, path);
  if (Array.isArray(value)) for (const item of value) assertFits(item, schema.items, `${path}[]`);
  else if (value !== null && typeof value === 'object') assertObjectFits(value, schema, path);
}

function assertObjectFits(value: any, schema: any, path: string): void {
  for (const name of schema.required ?? []) assert.ok(Object.hasOwn(value, name), `${path}: ${name} is missing`);
  for (const [name, item] of Object.entries(value)) {
    const property = schema.properties?.[name] ?? schema.additionalProperties;
    assert.ok(property, `${path}: ${name} is not described`);
    assertFits(item, property, `${path}.${name}`);
  }
}

function typeOf(value: unknown, { type }: { type: string | string[] }): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return [type].flat().includes('integer') && Number.isSafeInteger(value) ? 'integer' : typeof value;
}
