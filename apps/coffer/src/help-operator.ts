/** The longer half of `--help` of what an operator runs. Lines fit a terminal of 80 columns. */

export const fleetPublish = `
Audits the whole log, builds the next epoch on its newest one, has it audited,
verifies what the auditor signed, counter-signs, and looks whether a quorum of
witnesses cosigned it; then tells the gateways. A command that broke off is
repeated as it was. Clients take new fleets three days later: publish before
they serve. An epoch has to be followed by another one before --not-after; with
--renew it says the same as the one before.

Examples:
  coffer fleet publish --fleet fleet-a --first --not-after 90 \\
    --auditor https://auditor.example --operator-key operator.seed \\
    --trust-root root.json
  coffer fleet publish --fleet fleet-b --drain 5f0c… --not-after 90 \\
    --auditor https://auditor.example --operator-key operator.seed \\
    --trust-root root.json --gateway https://vault.example \\
    --operator-token token

Exit codes: 0 published, or it was before, 1 the auditor refused or the log is
doubted, 2 usage, 3 the auditor, its witnesses or a gateway do not answer.`;

export const fleetRevoke = `
A revoked fleet is not used by any client that has seen the epoch, not even to
recover: revoke when its keys may be known. It never returns. A key of an
auditor, operator or log is revoked by "coffer trust-root rotate --revoke".

Example:
  coffer fleet revoke 5f0c… --not-after 90 --operator-key operator.seed \\
    --auditor https://auditor.example --trust-root root.json

Exit codes: 0 published, or it was before, 1 the auditor refused or the log is
doubted, 2 usage, 3 the auditor, its witnesses or a gateway do not answer.`;

export const trustRootCreate = `
The plan: { "namespace", "origin", "rootKeys": { "threshold", "keys": [] },
"auditors": [], "operators": [], "logs": [VKEY], "witnesses": [{ "name", "vkey",
"url" }], "quorum", "ceremony": { "threshold", "witnesses": [] }, "rebuilders":
{ "threshold", "keys": [] } }. Keys are public keys in hexadecimal, as "coffer
key create" prints them; the log's key has the origin as its name.

Example:
  coffer trust-root create plan.json --out root-1.json

Exit codes: 0 done, 2 usage.`;

export const trustRootSign = `
Examples:
  coffer trust-root sign root-1.json --key root-a.seed
  coffer trust-root sign root-2.json --key root-b.seed --previous root-1.json

Exit codes: 0 signed, 2 usage, or a key that signs no such root.`;

export const trustRootRotate = `
The next version is signed by a threshold of the keys before and of its own. A
revocation names a size of the log: leaves before it keep their value, so a
revoked key that signed some of them stays listed. It cannot be undone.

Examples:
  coffer trust-root rotate root-1.json --plan plan-2.json --out root-2.json
  coffer trust-root rotate root-1.json --revoke 3b6a…@17 --out root-2.json

Exit codes: 0 done, 2 usage.`;

export const trustRootShow = `
Examples:
  coffer trust-root show root-1.json
  coffer trust-root show root-2.json --previous root-1.json --json

Exit codes: 0 done, 1 it does not follow from the one before, 2 usage.`;

export const trustRootPublish = `
Clients that hold an older root fetch it with the first leaf that names it.

Example:
  coffer trust-root publish root-2.json --auditor https://auditor.example

Exit codes: 0 published, 1 refused, 2 usage, 3 the auditor does not answer.`;
