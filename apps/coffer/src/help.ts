/** The longer half of `--help`: examples, and what exit codes mean. Lines fit a terminal of 80 columns. */

export const about =
  'Keys of end-to-end encrypted backups, kept by a fleet of HSMs that allow a fixed number of guesses. Nobody who runs the ' +
  'fleet can read a key or gain a guess. This program runs a fleet on one machine (SIMULATED HARDWARE) and is a client of it.';

export const rootEnd = `
Exit codes:
  0   done
  1   refused: by the vault (wrong password, destroyed, erased), or because a
      reply or a backup does not check
  2   usage: wrong arguments, or a question that nobody answered
  3   unavailable: the fleet, a file or a lock
  4   the state of a witness is damaged: it is not started on it again
  70  a bug

Try it:
  coffer up                       in one terminal; in another one, same folder:
  coffer backup docs --account ada --store /tmp/store
  coffer restore --account ada --store /tmp/store --to /tmp/out \\
    --state /tmp/new-device

"coffer COMMAND --help" has examples of each command.`;

export const up = `
Makes a fleet in the folder on the first start, and goes on with it later: one
HSM process and one agent process a site, and a gateway, all on the loopback
interface. A process that crashes is started again; an HSM that refuses to start
stays down. The folder also holds a development issuer of account tokens, so
this is for trying and developing.

Examples:
  coffer up
  coffer up --dir /tmp/fleet --sites 3

Exit codes: 0 stopped as asked, 2 usage, 3 the fleet does not start or is up
already.`;

export const backup = `
The first backup of an account asks for a new password and puts a random key
into the vault under it. The device keeps that key in its client state, readable
by this user alone, so later backups ask for nothing. On another device the
password is asked for once. A recovery key is a second way to the backup: 64
hexadecimal digits, shown once.

Examples:
  coffer backup ~/Documents --account ada --store /mnt/usb/backups
  printf 'correct horse\\n' | coffer backup docs --account ada --store store \\
    --recovery-key --password-stdin --json

Exit codes: 0 done, 1 refused, 2 usage, 3 unavailable. After 1 and 3 the backup
before is as it was.`;

export const restore = `
A new device asks for the password and spends one guess, which it gets back when
the password is right. Files are checked before they get their names; nothing is
written outside of the target; a store that shows an older backup than this
device or the vault knows of is found out. What is there already is asked about,
one by one.

Examples:
  coffer restore --account ada --store /mnt/usb/backups --to ~/restored
  coffer restore --account ada --store store --to out --recovery-key
  printf 'correct horse\\n' | coffer restore --account ada --store store \\
    --to out --overwrite --password-stdin --json

Exit codes: 0 done, 1 wrong password, destroyed vault or a backup that does not
check, 2 usage, 3 unavailable.`;

export const status = `
Examples:
  coffer status --account ada
  coffer status --account ada --store /mnt/usb/backups --json

Exit codes: 0 done, 2 usage, 3 unavailable.`;

export const changePassword = `
The backup key stays the same, so no backup has to be made again, and the
guesses are full afterwards.

Examples:
  coffer change-password --account ada
  coffer change-password --account ada --forgotten
  printf 'old\\nnew\\n' | coffer change-password --account ada --password-stdin

Exit codes: 0 done, 1 refused, 2 usage, 3 unavailable.`;

export const refill = `
Every wrong password costs a guess, and a right one gives back only its own. If
the failures were your own, this gives them back. Do not run it for failures
that you cannot explain: somebody may be guessing.

Example:
  coffer refill --account ada

Exit codes: 0 done, 1 refused, 2 usage, 3 unavailable.`;

export const erase = `
The HSMs overwrite what the vault holds, and a majority of them signs for it.
The recovery key and devices that have the backup key still open the backup;
delete the store to be rid of that too.

Examples:
  coffer erase --account ada
  coffer erase --account ada --yes --forget-key --receipt receipt.bin

Exit codes: 0 done, 1 refused, 2 not confirmed, 3 unavailable: run it again, the
erasure is owed.`;

export const recoveryKey = `
A recovery key opens the backup without password and fleet. It is shown once,
when it is made. With --rotate the old one opens nothing in this store any more;
a copy of the store that somebody kept still opens with it.

Examples:
  coffer recovery-key --account ada --store store
  coffer recovery-key --account ada --store store --rotate --json

Exit codes: 0 done, 1 refused, 2 usage, 3 unavailable.`;

export const evidenceRebuild = `
Clones the source into a temporary folder, installs the packages that its lock file pins without running any script of
theirs, builds the image, and compares. The digest to expect is the one that members report and evidence names. It runs
the build of that source with your rights: look at the source first, or use a machine that you can throw away. Needs
git, npm and the npm registry.

Examples:
  coffer evidence rebuild
  coffer evidence rebuild --source https://example.org/coffer.git --ref v1.0.0 --expect 3f… --json

Exit codes: 0 built, and as expected; 1 another digest; 2 usage; 3 git, npm or the build failed.`;

export const evidenceVerify = `
Checks index, files, signatures, the ceremony, every HSM and its self-test, and
says for each item: proven, attested (somebody says so), SIMULATED HARDWARE, or
failed and why. Asks nobody and believes nothing but the trust root; an auditor
is only where the files come from. A revoked key counts with --size alone.

Examples:
  coffer evidence verify evidence --trust-root trust-root.json
  coffer evidence verify https://auditor.example --digest 3f… --trust-root trust-root.json --html report.html

Exit codes: 0 nothing failed, 1 something failed, 2 usage, 3 no evidence there.`;

export const demo = `
In a temporary folder: an auditor with a public log, three witnesses, and a fleet
of five sites that is born in a ceremony. A client that knows only a trust root
backs up. A second fleet is made and published, and the unchanged client moves
there (with no waiting period: a demo policy, which the output names). A stranger
audits everything. Then two sites are killed and what they held is destroyed; a
new device restores; one site comes back; all guesses are spent; the recovery key
still restores. Takes under two minutes and leaves nothing behind.

Examples:
  npm run demo
  npm run demo -- --path ~/Documents
  npm run demo -- --json --keep

Exit codes: 0 everything was as it should be, 1 something was not, 2 usage or
stopped, 3 the fleet does not start.`;

export const fleetCreate = `
Starts one HSM process a site. Each makes its own keys; one draws the fleet's
secrets and hands them to the others sealed. Then the fleet runs, every HSM shows
that it holds its key, and every HSM's guess limit is tried until it refuses the
right password. Each step is signed; the evidence goes to DIR/evidence. A
ceremony that ends early leaves nothing of use, and the next one starts over.

The script is JSON: {"sites": ["ams", {"name": "fra", "keyStore": {"pkcs11":
{"module", "token": {"label"}, "pin": {"file"}}}}], "groups", "budgetLimit",
"rollbackTolerance", "quorum", "operator": key file, "witnesses": [key files],
"source": {"repository", "commit"}, "media": {"issued": [], "destroyed": []}}.
Without "keyStore" an HSM keeps its keys in a file.

Examples:
  coffer key create operator.key && coffer key create alice.key
  coffer fleet create --dir fleet-a --operator-key operator.key \\
    --witness-key alice.key
  coffer fleet create --dir fleet-a --script ceremony.json --json

Exit codes: 0 done, 2 usage, 3 an HSM or file is not there, 1 an HSM refused or
said what it must not.`;
