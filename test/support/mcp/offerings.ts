/** What the MCP servers of the tests offer, whichever SDK serves it. The names are those that `@modelcontextprotocol/conformance` asks for. */

/** A red pixel. */
export const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
/** The head of a WAV file without samples. */
const WAV = 'UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=';

export const text = (value: string) => ({ type: 'text' as const, text: value });
export const textResult = (value: string) => ({ content: [text(value)] });
export const image = { type: 'image' as const, data: PNG, mimeType: 'image/png' };
const embedded = (uri: string, value: string, mimeType = 'text/plain') => ({
  type: 'resource' as const,
  resource: { uri, mimeType, text: value },
});

/** Tools that answer at once, by name. */
export const PLAIN_TOOLS = {
  test_simple_text: textResult('This is a simple text response for testing.'),
  test_image_content: { content: [image] },
  test_audio_content: { content: [{ type: 'audio' as const, data: WAV, mimeType: 'audio/wav' }] },
  test_embedded_resource: { content: [embedded('test://embedded-resource', 'This is an embedded resource content.')] },
  test_multiple_content_types: {
    content: [
      text('Multiple content types test:'),
      image,
      embedded('test://mixed-content-resource', '{"test":"data","value":123}', 'application/json'),
    ],
  },
};

export interface TextContents {
  readonly uri: string;
  readonly mimeType: string;
  readonly text: string;
}

/** By URI. */
export const RESOURCES = {
  'test://static-text': { mimeType: 'text/plain', text: 'This is the content of the static text resource.' },
  'test://static-binary': { mimeType: 'image/png', blob: PNG },
  'test://watched-resource': { mimeType: 'text/plain', text: 'Watched resource content' },
};
export const RESOURCE_TEMPLATE = 'test://template/{id}/data';

export function templateContents(uri: string, id: unknown): TextContents {
  return {
    uri,
    mimeType: 'application/json',
    text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }),
  };
}

const user = <Content>(content: Content) => ({ role: 'user' as const, content });

/** By name: the arguments that each takes, and its messages. */
export const PROMPTS = {
  test_simple_prompt: { takes: [], messages: () => [user(text('This is a simple prompt for testing.'))] },
  test_prompt_with_arguments: {
    takes: ['arg1', 'arg2'],
    messages: ({ arg1, arg2 }: Record<string, string>) => [
      user(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)),
    ],
  },
  test_prompt_with_embedded_resource: {
    takes: ['resourceUri'],
    messages: ({ resourceUri = '' }: Record<string, string>) => [
      user(embedded(resourceUri, 'Embedded resource content for testing.')),
      user(text('Please process the embedded resource above.')),
    ],
  },
  test_prompt_with_image: { takes: [], messages: () => [user(image), user(text('Please analyze the image above.'))] },
} as const;

const named = (...names: string[]) => names.map((name, index) => ({ const: `value${index + 1}`, title: name }));
const OPTIONS = ['option1', 'option2', 'option3'];

/** What the tools that ask the user show, by tool: the forms of SEP-1034 (defaults) and SEP-1330 (enumerations). */
export const FORMS = {
  test_elicitation: {
    type: 'object',
    properties: { response: { type: 'string', description: "User's response" } },
    required: ['response'],
  },
  test_elicitation_sep1034_defaults: {
    type: 'object',
    properties: {
      name: { type: 'string', default: 'John Doe' },
      age: { type: 'integer', default: 30 },
      score: { type: 'number', default: 95.5 },
      status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
      verified: { type: 'boolean', default: true },
    },
  },
  test_elicitation_sep1330_enums: {
    type: 'object',
    properties: {
      untitledSingle: { type: 'string', enum: OPTIONS },
      titledSingle: { type: 'string', oneOf: named('First Option', 'Second Option', 'Third Option') },
      legacyEnum: { type: 'string', enum: ['opt1', 'opt2', 'opt3'], enumNames: ['One', 'Two', 'Three'] },
      untitledMulti: { type: 'array', minItems: 1, maxItems: 3, items: { type: 'string', enum: OPTIONS } },
      titledMulti: {
        type: 'array',
        minItems: 1,
        maxItems: 3,
        items: { anyOf: named('First Choice', 'Second Choice', 'Third Choice') },
      },
    },
  },
} as const;

/** Milliseconds between two messages of one stream: they arrive as messages of their own. */
export const STEP = 20;
/** Milliseconds that a client is told to wait before it resumes a stream. */
export const RETRY = 50;

/** Of the tool `json_schema_2020_12_tool`: what a server must not leave out of it (SEP-1613, SEP-2106). */
export const JSON_SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  $defs: {
    address: {
      $anchor: 'addressDef',
      type: 'object',
      properties: { street: { type: 'string' }, city: { type: 'string' } },
    },
  },
  properties: {
    name: { type: 'string' },
    address: { $ref: '#/$defs/address' },
    contactMethod: { type: 'string', enum: ['phone', 'email'] },
    phone: { type: 'string' },
    email: { type: 'string' },
  },
  allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
  if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema.
  then: { required: ['phone'] },
  else: { required: ['email'] },
  additionalProperties: false,
};
