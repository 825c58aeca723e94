import { openCase, runCase } from './crash-cases.js';

/** Runs one crash case and kills itself at the given statement: `crash-child.js PATH CASE KILL_AT`. */
const [path = '', name = '', killAt = ''] = process.argv.slice(2);
let at = 0;
const replica = openCase(path, () => {
  if (at++ === Number(killAt)) process.kill(process.pid, 'SIGKILL');
});
runCase(name, replica);
