/** The output of `--help`, for all commands and for each, in at most 80 columns; and the messages about unknown commands and options. */

import { findNearest } from '../config/diagnostics/suggestion.ts';

interface CommandHelp {
  readonly synopsis: readonly string[];
  /** One line, for the list of commands. */
  readonly summary: string;
  readonly details: string;
  /** Option or argument, and its meaning. */
  readonly options: readonly (readonly [name: string, meaning: string])[];
  readonly exit: string;
}

const CONFIG = 'the configuration; where it is absent, the file of\nAUDGATE_CONFIG, then /etc/audgate/audgate.yaml';

const COMMANDS: Readonly<Record<string, CommandHelp>> = {
  serve: {
    synopsis: ['audgate [serve] [--config FILE]'],
    summary: 'run the gateway',
    details: `A running gateway loads the file again when it changes, and on SIGHUP, which
also fetches the keys of every issuer. SIGTERM and SIGINT finish what was
accepted, then exit with 0.`,
    options: [['--config FILE', CONFIG]],
    exit: '0 after a signal; 1 a bad configuration, or an address in use',
  },
  init: {
    synopsis: ['audgate init [--issuer URL] [--resource URI --upstream URL]...'],
    summary: 'print a configuration to begin with',
    details: `Asks the metadata of the issuer which product it is, through HTTPS_PROXY where
that is set, and writes what its tokens need; every route on report. The file
passes check, and its comments say what comes next.`,
    options: [
      ['--issuer URL', 'the iss of the tokens, to the letter'],
      ['--resource URI', 'what tokens for an API are for: its public URL; again for\neach further API'],
      ['--upstream URL', 'where that API is reached; one for each --resource'],
    ],
    exit: '0 printed; 1 printed, but the issuer could not be asked;\n2 wrong arguments',
  },
  check: {
    synopsis: ['audgate check [--strict] [--format text|json|github] [--online] FILE'],
    summary: 'load and lint a configuration, print every problem',
    details: 'Opens no listener, and without --online sends no request.',
    options: [
      ['FILE', 'the configuration'],
      ['--strict', 'warnings are errors'],
      ['--format FORMAT', 'text (default), json, or github: annotations of a workflow'],
      [
        '--online',
        'ask each issuer for its keys, and each upstream for a\nconnection: an error where one does not answer',
      ],
    ],
    exit: '0 clean, or warnings only; 1 errors (with --strict, warnings too)',
  },
  explain: {
    synopsis: [
      'audgate explain [--config FILE] [--token-file FILE|-] [--method GET]',
      '                [--at RFC3339] [--json] URL',
    ],
    summary: 'why a request is forwarded or refused, and what to change',
    details: 'Needs no running gateway. The token comes from a file, never from an argument.',
    options: [
      ['URL', 'of the request, as the client asks for it'],
      ['--config FILE', CONFIG],
      ['--token-file FILE', 'the token, or the Authorization field; - is standard input'],
      ['--method METHOD', 'of the request; default GET'],
      ['--at RFC3339', 'as of another time, e.g. 2026-11-26T10:00:00Z'],
      ['--json', 'for machines'],
    ],
    exit: '0 forwarded; 2 refused; 1 cannot be said',
  },
  simulate: {
    synopsis: ['audgate simulate --config NEW [--from OLD] [--json] FILE.ndjson'],
    summary: 'which decisions of an access log another file would change',
    details: `Replays the log line by line. Lines as Docker, Kubernetes and journald store
them are read, too. What the log does not hold is unknown, and never judged.`,
    options: [
      ['FILE.ndjson', 'the access log; - is standard input'],
      ['--config NEW', 'the configuration to judge by'],
      ['--from OLD', 'the one that wrote the log: tells whether the rules of its\nissuers changed'],
      ['--json', 'for machines'],
    ],
    exit: '0 no change; 3 some, or not all could be judged; 1 a bad\nconfiguration, or a log without a line that can be judged',
  },
  propose: {
    synopsis: ['audgate propose [--config FILE] [--json] FILE.ndjson'],
    summary: 'what callers need before every route enforces, as a patch',
    details: `Prints a patch of the configuration that wrote the log, with who needs each line
as comments: aliases, token types, and one exception for each other client, with
owner: TODO. Never changes enforcement, never lets in what was denied. Apply it
with patch -p1 or git apply after review; check and simulate judge the result.`,
    options: [
      ['FILE.ndjson', 'the access log; - is standard input'],
      ['--config FILE', CONFIG],
      ['--json', 'for machines'],
    ],
    exit: '0 nothing to propose; 3 a patch; 1 a bad configuration, or a log\nwithout a line that can be judged',
  },
  probe: {
    synopsis: [
      'audgate probe URL --token-file RIGHT [--other-token-file F]... [--all]',
      'audgate probe --config FILE --base URL --token-file F | --mint-key F',
    ],
    summary: 'does an API, any API, check whom a token is for?',
    details: `Sends few requests, paced, with GET unless named otherwise. Tokens come from
files or standard input (-), and are never printed.`,
    options: [
      ['URL', 'of the API'],
      ['--token-file FILE', 'a token that the API has to accept'],
      ['--other-token-file F', "another API's token; again for further ones"],
      ['--id-token-file FILE', 'an ID token'],
      ['--expired-token-file F', 'an expired token'],
      ['--insufficient-token-file FILE', 'a token without the scope of the operation'],
      ['--mint-key FILE', "a test issuer's private JWK: mints the tokens, with"],
      ['--issuer URL', 'as their iss, and'],
      ['--resource URI', 'as their aud; also what the metadata has to name'],
      ['--all', 'every check, not only the eight that matter most'],
      ['--config FILE', 'every protected route of a configuration, at'],
      ['--base URL', 'where its gateway is reached'],
      ['--method METHOD', 'of the request; default GET'],
      ["--header 'K: V'", 'a further field; Host, too'],
      ['--body-file FILE', 'the body of the request'],
      ['--jwks URL', "the issuer's keys, for the check of HS256"],
      ['--sibling-url URL', 'another API of the same host, for the check of paths'],
      ['--rate 5/s', 'requests a second'],
      ['--strict', 'what is unclear counts as failing'],
      ['--json', 'for machines'],
      ['--junit FILE', 'also as JUnit XML, for CI'],
      ['--i-may-test-this-host', 'a host that is not this machine is refused without it'],
    ],
    exit: '0 all hold; 2 some fail; 1 could not be judged, or was not\nallowed to begin',
  },
};

/** The column of the text beside an option. */
const INDENT = 22;

/** @returns the help of one command; of all of them where there is no such command. */
export function describeCommand(name: string | undefined): string {
  const command = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  return command ? formatCommand(command) : OVERVIEW;
}

/**
 * @param name the unknown command. It is printed only where it is a plain word, since it may be a token.
 * @returns one line that names it and the nearest command.
 */
export function describeUnknownCommand(name: string): string {
  if (!/^[A-Za-z][A-Za-z-]{0,15}$/.test(name)) return 'unknown command';
  return `unknown command "${name}"${didYouMean(findNearest(name, Object.keys(COMMANDS)))}`;
}

/** @returns one line that names an unknown option and the nearest of `options`, whose names have no dashes. */
export function describeUnknownOption(name: string, options: readonly string[]): string {
  const shown = /^[a-z][a-z-]{0,29}$/i.test(name) ? `unknown option --${name}` : 'unknown option';
  const nearest = findNearest(name, options);
  return `${shown}${didYouMean(nearest && `--${nearest}`)}`;
}

function didYouMean(nearest: string | undefined): string {
  return nearest === undefined ? '' : `, did you mean "${nearest}"?`;
}

function formatCommand({ synopsis, details, options, exit }: CommandHelp): string {
  const usage = synopsis.map(line => `  ${line}`).join('\n');
  const rows = options.map(([name, meaning]) => formatRow(name, meaning));
  return `Usage:\n${usage}\n\n${details}\n\n${rows.join('\n')}\n\nExit status: ${exit}\n`;
}

function formatRow(name: string, meaning: string): string {
  const start = name.length > INDENT - 3 ? `${name}\n${' '.repeat(INDENT)}` : name.padEnd(INDENT - 2);
  return `  ${start}${meaning.replaceAll('\n', `\n${' '.repeat(INDENT)}`)}`;
}

const OVERVIEW = `audgate: a gateway that forwards only tokens addressed to the API behind it

Usage:
${Object.values(COMMANDS)
  .flatMap(({ synopsis }) => synopsis.map(line => `  ${line}`))
  .join('\n')}
  audgate --version

${Object.entries(COMMANDS)
  .map(([name, { summary }]) => formatRow(name, summary))
  .join('\n')}

The configuration of serve, explain and propose is the file of --config, else
that of AUDGATE_CONFIG, else /etc/audgate/audgate.yaml.
audgate COMMAND --help tells more of each.
`;
