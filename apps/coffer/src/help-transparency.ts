/** The longer half of `--help` of the commands about published keys. Lines fit a terminal of 80 columns. */

export const keyCreate = `
The file holds 64 hexadecimal digits and has mode 0600. There is no other copy:
keep one offline. Use each key for one role only.

Examples:
  coffer key create operator.seed
  coffer key create witness.seed --name witness.example/w1 --json

Exit codes: 0 done, 2 usage or the file is there, 3 it cannot be written.`;

export const witnessServe = `
A witness cosigns a checkpoint only if it goes on from everything that it
cosigned before, and remembers it before it signs. It needs no trust in the log
and keeps no copy of it. Put a proxy in front that ends TLS. Its address is
http://HOST:PORT, to which logs send POST /add-checkpoint. A log that signs two
trees of one size leaves both notes as conflict-*.note in the state; what came
without a right proof, perhaps from somebody else, as unproven-*.note.

Never put the state back to an earlier one, and never run a second process with
the same key: both could make it cosign two histories.

Example:
  coffer key create w1.seed --name witness.example/w1
  coffer witness serve --key w1.seed --name witness.example/w1 \\
    --log log.example/fleet-keys+0a1b2c3d+AYm… --state w1 \\
    --listen 127.0.0.1:8090

Exit codes: 0 stopped as asked, 2 usage, 3 the port, the lock or a file is not
to be had, 4 the state is damaged: it is not started on it again.`;

export const audit = `
Fetches everything and believes nothing but the trust root: builds the tree of
the log again, checks each epoch's signatures, artifact and evidence, what the
witnesses cosigned, and that the auditor's other answers say the same. Prints
what each epoch changed: fleets and their keys by role. The last checkpoint is
kept, so that a log that changes its past is found out the next time. What
proves fraud becomes a file that anybody can check.

Examples:
  coffer audit https://auditor.example --trust-root root.json
  coffer audit https://auditor.example --trust-root root.json --follow --json
  coffer audit https://auditor.example --trust-root root.json \\
    --also https://mirror.example --checkpoint seen.note --bundle given.bundle

Exit codes: 0 nothing to doubt, 1 a doubt (its code is the reason in --json),
2 usage, 3 the auditor does not answer, or a file is not to be had.`;

export const fraudVerify = `
Needs nothing but the file and the trust root.

Example:
  coffer fraud verify fraud-split-view-1a2b3c4d.json --trust-root root.json

Exit codes: 0 it is proven, 1 it proves nothing, 2 usage.`;
