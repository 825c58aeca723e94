import { parseArgs } from 'node:util';

/**
 * Options of a tool's command line, as `parseArgs` takes them. `--help` prints `usage` and ends with 0; what a tool does not know
 * ends with 2 and a sentence, for 1 is what a failed check ends with.
 */
export function optionsOf(options, usage) {
  try {
    const { values } = parseArgs({ options: { ...options, help: { type: 'boolean', default: false } } });
    if (!values.help) return values;
    console.log(usage);
    process.exit(0);
  } catch (error) {
    if (!String(error.code).startsWith('ERR_PARSE_ARGS_')) throw error;
    console.error(`${error.message}\n${usage}`);
    process.exit(2);
  }
}
