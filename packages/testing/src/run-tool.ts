/**
 * Runs a command line whose `main` returns the exit code. Arguments that it does not know end with 2 and a sentence: 1 is
 * what a violation ends with.
 */
export async function runTool(main: (args: readonly string[]) => Promise<number>): Promise<void> {
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    const isUsage = error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS_');
    if (!isUsage) throw error;
    console.error(error.message);
    process.exitCode = 2;
  }
}
