/** Bodies of MCP requests: what they ask for, and which are refused. */

import { describe, expect, test } from 'vitest';
import { readMessages } from '../../../src/mcp/message.ts';

const read = (text: string) => readMessages(Buffer.from(text));
const call = (params: string) => `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`;

describe('a message: its method, and what that names', () => {
  test.each([
    ['a call', call('{"name":"add","arguments":{"a":1}}'), 'tools/call', 'add'],
    ['params before the method', '{"params":{"name":"add"},"method":"tools/call","id":1}', 'tools/call', 'add'],
    ['a name by escapes', call('{"name":"delete\\u005fuser"}'), 'tools/call', 'delete_user'],
    ['members by escapes', '{"\\u006dethod":"tools/call","param\\u0073":{"n\\u0061me":"add"}}', 'tools/call', 'add'],
    ['a method by escapes', '{"method":"tools\\/c\\u0061ll","params":{"name":"add"}}', 'tools/call', 'add'],
    ['a prompt', '{"method":"prompts/get","params":{"name":"p","uri":5}}', 'prompts/get', 'p'],
    ['a resource', '{"method":"resources/read","params":{"uri":"docs://a","name":5}}', 'resources/read', 'docs://a'],
    [
      'a subscription',
      '{"method":"resources/subscribe","params":{"uri":"docs://a"}}',
      'resources/subscribe',
      'docs://a',
    ],
    ['a subscription to nothing', '{"method":"resources/subscribe"}', 'resources/subscribe', undefined],
    ['a method that names nothing', '{"method":"tools/list","params":{"name":7}}', 'tools/list', undefined],
    ['params as a list', '{"method":"ping","params":[1]}', 'ping', undefined],
    ['a response', '{"jsonrpc":"2.0","id":1,"result":{"method":"x"}}', undefined, undefined],
    ['an error', '{"jsonrpc":"2.0","id":1,"error":{}}', undefined, undefined],
    [
      'arguments that look like a message',
      call('{"name":"add","arguments":{"Method":1,"NAME":2}}'),
      'tools/call',
      'add',
    ],
    ['a method of objects', '{"method":"toString","params":{}}', 'toString', undefined],
  ])('%s', (_, text, method, target) => {
    expect(read(text)).toEqual({ isBatch: false, messages: [{ method, target }] });
  });

  test('a batch: every entry, in order', () => {
    expect(read(` [ ${call('{"name":"a"}')} , {"id":2,"result":{}}, {"method":"ping"} ] `)).toEqual({
      isBatch: true,
      messages: [
        { method: 'tools/call', target: 'a' },
        { method: undefined, target: undefined },
        { method: 'ping', target: undefined },
      ],
    });
  });
});

describe('refused', () => {
  test.each([
    ['two names', call('{"name":"add","name":"delete_user"}')],
    ['two names, one by an escape', call('{"name":"add","n\\u0061me":"delete_user"}')],
    ['two params', '{"method":"tools/call","params":{"name":"a"},"params":{"name":"b"}}'],
    ['two methods', '{"method":"ping","method":"tools/call","params":{"name":"a"}}'],
    ['two ids', '{"id":1,"id":2,"method":"ping"}'],
    ['two members within arguments', call('{"name":"add","arguments":{"a":1,"a":2}}')],
    ['two members within _meta', call('{"_meta":{"a":1,"a":2},"name":"add"}')],
    ['Method', '{"Method":"tools/call","method":"ping"}'],
    ['METHOD alone', '{"METHOD":"tools/call","result":{}}'],
    ['Params', '{"method":"ping","Params":{}}'],
    ['params with a long s', '{"method":"ping","param\u017f":{}}'],
    ['params with a long s, as an escape', '{"method":"ping","param\\u017f":{}}'],
    ['uri with the I of Turkish', '{"method":"ping","params":{"ur\u0130":"a"}}'],
    ['uri with the dotless i', '{"method":"ping","params":{"ur\u0131":"a"}}'],
    ['Result', '{"method":"ping","Result":{}}'],
    ['Name', call('{"Name":"delete_user","name":"add"}')],
    ['NAME', call('{"name":"add","NAME":"delete_user"}')],
    ['URI', '{"method":"resources/read","params":{"uri":"a","URI":"b"}}'],
    ['a method that is a number', '{"method":1}'],
    ['a method that is null', '{"method":null,"result":{}}'],
    ['a method that is a list', '{"method":["tools/call"],"params":{"name":"a"}}'],
    ['a name that is a number', call('{"name":1}')],
    ['a name that is a list', call('{"name":["delete_user"]}')],
    ['a name that is null', call('{"name":null}')],
    ['a call without a name', call('{}')],
    ['a call whose params are a list', call('["delete_user"]')],
    ['a call without params', '{"method":"tools/call"}'],
    ['a call with the name elsewhere', '{"method":"tools/call","name":"add","params":{}}'],
    ['a call with the name in the prototype', call('{"__proto__":{"name":"delete_user"}}')],
    ['a resource without a URI', '{"method":"resources/read","params":{"name":"a"}}'],
    ['method and result', '{"method":"ping","result":{}}'],
    ['method and error', '{"error":{},"method":"ping"}'],
    ['neither', '{"jsonrpc":"2.0","id":1}'],
    ['half a surrogate pair in the name', call('{"name":"a\\ud800"}')],
    ['U+0000 in the name', call('{"name":"delete_user\\u0000"}')],
    ['U+0000 in the method', '{"method":"tools/call\\u0000","params":{"name":"a"}}'],
    ['an empty batch', '[]'],
    ['a batch in a batch', '[[{"method":"ping"}]]'],
    ['a batch with a number', '[{"method":"ping"},1]'],
    ['a batch with a refused entry', `[{"method":"ping"},${call('{"name":1}')}]`],
    ['text', '"tools/call"'],
    ['null', 'null'],
    ['nothing', ''],
    ['something behind', '{"method":"ping"} {"method":"tools/call"}'],
    ['a line behind', '{"method":"ping"}\n{"method":"ping"}'],
    ['a byte order mark', '\ufeff{"method":"ping"}'],
    ['a name with a backslash', call('{"name":"add","a\\\\":1}')],
    ['half of it', '{"method":"pi'],
  ])('%s', (_, text) => {
    expect(read(text)).toBeUndefined();
  });
});

test('4 MiB of messages in one batch: linear', () => {
  const startedAt = performance.now();
  expect(read(`[${'{"method":"ping"},'.repeat(230_000)}{"method":"ping"}]`)?.messages).toHaveLength(230_001);
  expect(read(`{"method":"ping",${'"\\u006d":1,'.repeat(300_000)}"z":1}`)).toBeUndefined();
  expect(performance.now() - startedAt).toBeLessThan(10_000);
});
