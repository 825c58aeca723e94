/**
 * What tools/model.mjs runs. `define` are the macros of docs/model/agreement.pml; `expect` is what must be found: 'none', or
 * the number of an invariant ('8' is progress, '11' a witness). `bounded` runs may stop before they have seen everything.
 */

/** @param pattern - leader of each term, term 1 first. @returns macros for the number of terms and their leaders. */
function terms(pattern) {
  const leaders = [...pattern].map((leader, i) => [`LEADER${i + 1}`, Number(leader)]);
  return { T: pattern.length, ...Object.fromEntries(leaders) };
}

const label = ({ N, S, T, I, VICTIM }, pattern) =>
  `n=${N}${S ? ` s=${S}` : ''} terms=${T} (${pattern}) indexes=${I}${VICTIM === undefined ? '' : ` restored=${VICTIM}`}`;

function whole(kind, pattern, define, options = {}) {
  const all = { ...terms(pattern), ...define };
  const how = `${all.EAGER ? ' eager' : ''}${options.bounded ? ' bitstate' : ''}`;
  return { kind, name: `${kind}: ${label(all, pattern)}${how}`, define: all, expect: 'none', ...options };
}

const safety = (...args) => whole('safety', ...args);
const progress = (pattern, define, options) => whole('progress', pattern, { PROGRESS: true, ...define }, options);
const quick = { quick: true };
/** Stops after so many minutes. 2^33 bits, a GiB. */
const bitstate = (minutes) => ({ bounded: true, compile: ['-DBITSTATE'], search: ['-w33', '-k3', `-Q${minutes}`] });

/** A rule taken out, with the smallest sizes at which that shows. Breadth first: the shortest counterexample. */
function weakened(rule, expect, pattern = '01', define = {}, options = {}) {
  const all = { N: 3, I: 1, ...terms(pattern), ...define, [rule]: true };
  const fast = { quick: true, compile: ['-DBFS', '-O0'], search: ['-w20'] };
  return { kind: 'weakened', name: `weakened: ${rule}`, define: all, expect, ...fast, ...options };
}

/** What hosts need not do for the counterexample: it is one of the whole model as well. */
const fewer = { HOSTS_NEVER_JUMP: true, HOSTS_NEVER_RESTART: true };
const depthFirst = { compile: ['-O1'], search: [] };

/** A rule taken out whose absence breaks no invariant at these sizes: another rule already implies it. */
function implied(rule, pattern = '010', define = {}, options = {}) {
  const all = { N: 3, I: 2, EAGER: true, ...terms(pattern), ...define, [rule]: true };
  return { kind: 'implied', name: `implied: ${rule}`, define: all, expect: 'none', ...options };
}

const witness = (what, pattern, define = {}) => ({
  kind: 'witness',
  name: `witness: ${what}`,
  define: { N: 3, I: 1, ...terms(pattern), ...define, [what]: true },
  expect: '11',
  ...quick,
  compile: ['-O0'],
});

export const runs = [
  // The same member for every term, and every way to share three terms among three members, up to their names.
  safety('01', { N: 3, I: 2 }, quick),
  safety('00', { N: 3, I: 2 }, quick),
  safety('01', { N: 3, I: 3 }),
  ...['000', '001', '010', '011', '012'].map((pattern) => safety(pattern, { N: 3, I: 2 })),
  safety('012', { N: 3, I: 1 }, quick),
  safety('01', { N: 5, I: 1 }),

  // One member's state put back, at every moment, to every earlier one.
  ...[0, 1, 2].map((VICTIM) => safety('01', { N: 4, S: 1, I: 1, VICTIM })),
  safety('01', { N: 4, S: 1, I: 1, VICTIM: 0, EAGER: true }, quick),
  safety('01', { N: 4, S: 1, I: 2, VICTIM: 0, EAGER: true, ...fewer }),

  progress('01', { N: 3, I: 2 }, quick),
  ...['000', '001', '010', '011', '012'].map((pattern) => progress(pattern, { N: 3, I: 2, EAGER: true })),
  progress('01', { N: 5, I: 1 }),
  progress('01', { N: 4, S: 1, I: 1, VICTIM: 0 }),

  witness('REACH_REWIND', '01'),
  witness('REACH_TWO_TERMS', '01', { I: 2 }),
  witness('REACH_LATE_RELEASE', '01'),

  weakened('W_PROMISE_LOWER', '5'),
  weakened('W_ADOPT_BELOW_PROMISED', '5'),
  weakened('W_ADOPT_AGAIN', '5'),
  weakened('W_ADOPT_KEEPS_CAPTURE', '5', '010', { I: 2, EAGER: true }, depthFirst),
  weakened('W_BASE_NOT_GREATEST', '5'),
  weakened('W_BASE_BY_INDEX', '5', '012', { EAGER: true }),
  weakened('W_CERTIFICATE_QUORUM', '3'),
  weakened('W_CERTIFICATE_MIXES_TERMS', '5'),
  weakened('W_PROMISE_QUORUM', '5'),
  weakened('W_OPEN_WITHOUT_PROMISING', '5', '01', { L: 2 }),
  weakened('W_OPEN_TWICE', '5', '01', { L: 2 }),
  weakened('W_EXECUTE_ON_CAPTURED', '1', '01', { L: 2 }),
  weakened('W_CAPTURE_ANY_TERM', '5'),
  weakened('W_CAPTURE_BELOW_PROMISED', '5'),
  weakened('W_RELEASE_BY_INDEX', '1'),
  weakened('W_RELEASE_UNCERTIFIED', '1', '01', { ONLY: 2 }),
  weakened('W_RETAIN_ALL', '1', '00', { I: 1, ONLY: 2 }),
  weakened('W_JUMP_ON_ONE_CAP', '5'),
  weakened('W_JUMP_BACK', '5'),
  weakened('W_JUMP_LOWERS_PROMISED', '5'),
  weakened('W_SIGN_FIRST_PROMISE', '5'),
  weakened('W_SIGN_FIRST_CAPTURE', '5'),
  weakened('W_RESTART_CONTINUES', '5', '00', { I: 2, L: 2, HOSTS_NEVER_JUMP: true }, depthFirst),
  weakened(
    'W_NO_NONCE',
    '5',
    '01',
    { N: 4, S: 1, VICTIM: 0, I: 2, L: 2, EAGER: true, RESTORED_TO_START: true, ...fewer },
    {
      ...depthFirst,
      compile: ['-O1', '-DT_REVERSE'],
    },
  ),
  {
    ...weakened('W_ADOPT_WITHOUT_REWIND', '8', '01', { PROGRESS: true }),
    name: 'weakened: W_ADOPT_WITHOUT_REWIND (progress)',
  },
  { ...weakened('W_UNANIMITY', '8', '01', { PROGRESS: true }), name: 'weakened: W_UNANIMITY (progress)' },
  {
    ...weakened('VICTIM', '3', '01', { S: 0 }, depthFirst),
    name: 'weakened: more members restored than s',
    define: { N: 3, I: 1, ...terms('01'), S: 0, VICTIM: 2 },
  },

  implied('W_OPEN_WITHOUT_OWN_STATEMENT'),
  implied('W_CAPTURE_ANY_PARENT'),
  implied('W_RELEASE_UNCAPTURED'),
  implied('W_JUMP_KEEPS_PROMISED'),
  implied('W_JUMP_KEEPS_LEADING'),
  { ...implied('W_NO_NONCE'), name: 'implied: W_NO_NONCE while no state is restored' },

  // The long ones.
  safety('0120', { N: 3, I: 2 }, { memoryMiB: 4000, search: ['-w26'] }),
  safety('01', { N: 5, I: 2 }, { memoryMiB: 3000 }),
  ...[0, 1, 2].map((VICTIM) => safety('01', { N: 5, S: 1, I: 1, VICTIM, EAGER: true }, { memoryMiB: 3000 })),
  safety('012', { N: 5, I: 2, EAGER: true }, bitstate(10)),
];
