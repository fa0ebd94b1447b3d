/** A document of a running daemon, checked against its schema. */
import { once } from 'node:events';
import { get } from 'node:http';
import * as v from 'valibot';

export async function ask<T extends v.GenericSchema>(url: string, schema: T): Promise<v.InferOutput<T>> {
  const [response] = await once(get(url, { agent: false }), 'response');
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return v.parse(schema, JSON.parse(Buffer.concat(chunks).toString()));
}
