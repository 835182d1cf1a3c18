/** The scopes that the messages of an MCP request need beside those of the route, by the rules under `mcp`. */

import type { Mcp, McpRules } from '../config/mcp-config.ts';
import { SCOPE_FORM } from '../config/values/scope-rule.ts';
import type { McpMessage } from '../mcp/message.ts';

/** Stands for every name without a rule of its own. */
const OTHERS = '*';
const NONE: readonly string[] = [];

/** What messages need, and whether a token has it. */
export interface McpRequirement {
  /** The scopes of all messages together, so that one new token is enough. */
  readonly needed: readonly string[];
  /** The first message for which the token does not suffice. */
  readonly refused: McpMessage | undefined;
}

/** @param held what the token has; `undefined`: there is no token that counts. */
export function findMcpRequirement(
  mcp: Mcp,
  messages: readonly McpMessage[],
  held: ReadonlySet<string> | undefined,
): McpRequirement {
  const needed = new Set<string>();
  let refused: McpMessage | undefined;
  for (const message of messages) {
    const scopes = findScopes(mcp, message);
    for (const scope of scopes) needed.add(scope);
    if (!scopes.every(scope => held?.has(scope))) refused ??= message;
  }
  return { needed: [...needed], refused };
}

/** Characters of the scopes of a token that a challenge repeats: clients bear heads of a few KiB. */
const MOST_NAMED = 4_096;

/**
 * @returns with `challenge: cumulative` the scopes that the token has, since clients of the SDK 1.x drop those that a challenge does not
 *   name. What is no scope by RFC 6749 section 3.3 is left out: it would end the quotes that it stands in.
 */
export function listNamedScopes({ challenge }: Mcp, held: ReadonlySet<string> | undefined): readonly string[] {
  if (challenge === 'operation') return NONE;
  let size = 0;
  return [...(held ?? [])].filter(scope => {
    size += scope.length + 1;
    return size <= MOST_NAMED && SCOPE_FORM.test(scope);
  });
}

function findScopes(mcp: Mcp, { method, target }: McpMessage): readonly string[] {
  const rules = rulesOf(mcp, method);
  // Whatever it may mean without a name, the token has the scopes for it.
  if (target === undefined) return [...(rules?.values() ?? NONE)].flat();
  return rules?.get(target) ?? rules?.get(OTHERS) ?? NONE;
}

function rulesOf({ tools, resources, prompts }: Mcp, method: string | undefined): McpRules | undefined {
  switch (method) {
    case 'tools/call':
      return tools;
    case 'prompts/get':
      return prompts;
    case 'resources/read':
    case 'resources/subscribe':
      return resources;
    default:
      return undefined;
  }
}
