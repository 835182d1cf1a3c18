/** Tools and a prompt that ask the client for something before they answer, for a server by SDK 2.x (MCP 2026-07-28, multi-round-trip requests). */

import {
  acceptedContent,
  type InputRequests,
  inputRequired,
  inputResponse,
  type McpServer,
  type RequestStateCodec,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { FORMS, STEP, text, textResult } from './offerings.ts';

const asks = (message: string, member: string, type = 'string') =>
  inputRequired.elicit({
    message,
    requestedSchema: { type: 'object', properties: { [member]: { type } }, required: [member] } as never,
  });
const says = (prompt: string, maxTokens = 100) =>
  inputRequired.createMessage({ messages: [{ role: 'user', content: text(prompt) }], maxTokens });

/** How each begins, and what must have come for it to end; what is still missing is asked for again. */
const ASKING: Readonly<Record<string, { readonly requests: () => InputRequests; readonly isStateful?: true }>> = {
  test_input_required_result_elicitation: { requests: () => ({ user_name: asks('What is your name?', 'name') }) },
  test_input_required_result_sampling: {
    requests: () => ({ capital_question: says('What is the capital of France?') }),
  },
  test_input_required_result_list_roots: { requests: () => ({ client_roots: inputRequired.listRoots() }) },
  test_input_required_result_request_state: {
    requests: () => ({ confirm: asks('Please confirm', 'ok', 'boolean') }),
    isStateful: true,
  },
  test_input_required_result_multiple_inputs: {
    requests: () => ({
      user_name: asks('What is your name?', 'name'),
      greeting: says('Generate a greeting', 50),
      client_roots: inputRequired.listRoots(),
    }),
    isStateful: true,
  },
  test_input_required_result_tampered_state: {
    requests: () => ({ confirm: asks('Please confirm', 'ok', 'boolean') }),
    isStateful: true,
  },
};

/** @param codec seals the state that goes through the client. */
export function registerInputTools(server: McpServer, codec: RequestStateCodec<string>): void {
  for (const [name, { requests, isStateful }] of Object.entries(ASKING)) {
    server.registerTool(name, { description: name }, async ctx => {
      const asked = requests();
      if (Object.keys(asked).every(key => hasAnswered(ctx, key))) return textResult('state-ok');
      return inputRequired({ inputRequests: asked, ...(isStateful && { requestState: await codec.mint(name) }) });
    });
  }
  server.registerTool('test_input_required_result_multi_round', { description: 'two questions' }, async ctx => {
    const round = ctx.mcpReq.requestState<string>();
    const [key, question] = round === undefined ? ['step1', 'name'] : ['step2', 'color'];
    if (round === 'step2' && hasAnswered(ctx, 'step2')) return textResult('both steps are done');
    const inputRequests = { [key]: asks(`What is your ${question}?`, question) };
    return inputRequired({ inputRequests, requestState: await codec.mint(key) });
  });
  server.registerTool('test_input_required_result_capabilities', { description: 'asks what the client can' }, ctx => {
    const capabilities = capabilitiesOf(ctx);
    const inputRequests: InputRequests = {
      ...(capabilities['sampling'] !== undefined && { sample: says('Anything') }),
      ...(capabilities['elicitation'] !== undefined && { ask: asks('Your name?', 'name') }),
    };
    return Object.keys(inputRequests).length > 0 ? inputRequired({ inputRequests }) : textResult('nothing to ask');
  });
  server.registerPrompt('test_input_required_result_prompt', { description: 'asks for its context' }, ctx => {
    const content = acceptedContent(ctx.mcpReq.inputResponses, 'user_context');
    if (!content) return inputRequired({ inputRequests: { user_context: asks('Which context?', 'context') } });
    return { messages: [{ role: 'user', content: text(`In the context of ${content['context']}`) }] };
  });
  registerForms(server);
  registerDiagnostics(server);
}

/** Whether an answer came, and is one: an elicitation that was not accepted, or that lacks its content, is asked again. */
function hasAnswered(ctx: ServerContext, key: string): boolean {
  const answer = inputResponse(ctx.mcpReq.inputResponses, key);
  return answer.kind === 'elicit'
    ? answer.action === 'accept' && answer.content !== undefined
    : answer.kind !== 'missing';
}

/** In the revisions before 2026-07-28 the SDK sends the questions as requests of the server. */
function registerForms(server: McpServer): void {
  for (const [name, form] of Object.entries(FORMS)) {
    server.registerTool(name, { description: name }, ctx => {
      const answer = inputResponse(ctx.mcpReq.inputResponses, 'form');
      if (answer.kind !== 'elicit') {
        const asked = inputRequired.elicit({ message: 'Please fill in', requestedSchema: form as never });
        return inputRequired({ inputRequests: { form: asked } });
      }
      const label = form === FORMS.test_elicitation ? 'User response' : 'Elicitation completed';
      return textResult(`${label}: action=${answer.action}, content=${JSON.stringify(answer.content ?? {})}`);
    });
  }
  server.registerTool('test_sampling', { description: 'asks the model of the client' }, ctx => {
    const answer = inputResponse(ctx.mcpReq.inputResponses, 'model');
    if (answer.kind !== 'sampling') return inputRequired({ inputRequests: { model: says('Test prompt') } });
    return textResult(`LLM response: ${JSON.stringify(answer.result.content)}`);
  });
}

function registerDiagnostics(server: McpServer): void {
  // The SDK refuses it where the client has not said that it can sample.
  server.registerTool('test_missing_capability', { description: 'needs sampling' }, ctx =>
    hasAnswered(ctx, 'sample') ? textResult('sampled') : inputRequired({ inputRequests: { sample: says('Anything') } }),
  );
  server.registerTool('test_logging_tool', { description: 'logs' }, async ctx => {
    await ctx.mcpReq.log('info', 'a line of the log');
    return textResult('logged');
  });
  server.registerTool('test_streaming_elicitation', { description: 'asks in a stream' }, async ctx => {
    if (hasAnswered(ctx, 'ask')) return textResult('answered');
    await ctx.mcpReq.notify({ method: 'notifications/progress', params: { progressToken: 0, progress: STEP } });
    return inputRequired({ inputRequests: { ask: asks('Your name?', 'name') } });
  });
}

function capabilitiesOf({ mcpReq }: ServerContext): Readonly<Record<string, unknown>> {
  const envelope: Readonly<Record<string, unknown>> = mcpReq.envelope ?? {};
  return (envelope['io.modelcontextprotocol/clientCapabilities'] ?? {}) as Record<string, unknown>;
}
