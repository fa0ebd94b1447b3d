/** The OpenAPI 3.1 document, made from the routes and the schemas that the server answers by. */
import { type ConversionConfig, toJsonSchema, toJsonSchemaDefs } from '@valibot/to-json-schema';
import type * as v from 'valibot';
import { type Route, routes } from './routes.ts';
import { errorSchema, memoryNodeSchema, tickSchema } from './schema.ts';

type Json = Record<string, unknown>;

export function openapiDocument(version: string): Json {
  const paths: Record<string, Json> = {};
  for (const route of routes) paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operation(route) };
  const stream = {
    description: 'Server-sent events; the data of each is a Tick',
    content: { 'text/event-stream': { schema: { $ref: '#/components/schemas/Tick' } } },
  };
  paths['/api/v1/stream'] = {
    get: { summary: 'An event `tick` after each scan', operationId: 'stream', responses: { 200: stream, ...errors() } },
  };
  return {
    openapi: '3.1.0',
    info: {
      title: 'stanch',
      version,
      summary: 'Finds the process that leaks memory',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths,
    security: [{ token: [] }, {}],
    components: {
      schemas: toJsonSchemaDefs(named, conversion),
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description: 'The file `token` in the data folder. Not needed on loopback unless the owner says so.',
        },
      },
    },
  };
}

/** Whether the same path is asked as well. */
function isSecondOf({ method, path }: Route): boolean {
  return method === 'POST' && routes.some((other) => other.method === 'GET' && other.path === path);
}

function operation(route: Route): Json {
  const pathParameters = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => ({
    name: match[1],
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const queryParameters = Object.entries(route.query).map(([name, entry]) => ({
    name,
    in: 'query',
    required: false,
    schema: schema(entry),
  }));
  const mediaType = route.contentType.split(';')[0] ?? route.contentType;
  const content = { [mediaType]: { schema: route.response === null ? { type: 'string' } : schema(route.response) } };
  return {
    summary: route.summary,
    operationId: `${isSecondOf(route) ? 'post-' : ''}${route.path.replace(/^\/(api\/v1\/)?/, '')}`.replace(
      /[^a-z]+(\w)?/g,
      (_all, letter?: string) => (letter ?? '').toUpperCase(),
    ),
    parameters: [...pathParameters, ...queryParameters],
    ...(route.body === null
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: schema(route.body) } } }, security: [{ token: [] }] }),
    responses: { 200: { description: route.summary, content }, ...errors() },
  };
}

function errors(): Json {
  return {
    default: {
      description: 'What was expected, what was found, what to do',
      content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
    },
  };
}

/** Schemas that are referred to by name; one that holds parts of its own kind has to be. */
const named = { Error: errorSchema, Tick: tickSchema, MemoryNode: memoryNodeSchema };

const conversion: ConversionConfig = {
  target: 'draft-2020-12',
  typeMode: 'input',
  errorMode: 'ignore',
  overrideRef: ({ referenceId }) => `#/components/schemas/${referenceId}`,
};

function schema(of: v.GenericSchema): Json {
  const { $schema: _dialect, $defs: _named, ...rest } = toJsonSchema(of, { ...conversion, definitions: named });
  return rest;
}
