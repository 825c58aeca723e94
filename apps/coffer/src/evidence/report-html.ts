import { hex } from '@coffer/base';
import type { EvidenceReport, ReportItem, Verdict } from '@coffer/evidence';
import { type ReportGroup, reportGroups } from './report-groups.js';

/** What a report says beside its items. */
export interface ReportFrame {
  readonly namespace: string;
  readonly trustRootVersion: number;
  readonly checkedAtMs: number;
  /** Whether the digest was given, or taken from the set itself. */
  readonly isPinned: boolean;
}

/**
 * A report as one HTML file: no script, nothing loaded from anywhere, every foreign text escaped. It prints, and it fits a
 * phone. Verdicts are words; colour only repeats them.
 */
export function reportHtml(report: EvidenceReport, frame: ReportFrame): string {
  const { items, exceptions, digest, configHash } = report;
  const facts: readonly (readonly [string, string])[] = [
    ['Fleet (configHash)', configHash === undefined ? 'unknown' : hex(configHash)],
    ['Evidence digest', `${hex(digest)}${frame.isPinned ? '' : ' (of the index that was found; nobody named one)'}`],
    ['Trust root', `${frame.namespace}, version ${frame.trustRootVersion}`],
    ['Checked', new Date(frame.checkedAtMs).toISOString()],
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<title>Evidence of a fleet: ${escaped(headline(report))}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>Evidence of a fleet</h1>
<p class="headline ${classOf(worst(items))}">${escaped(headline(report))}</p>
<dl>
${facts.map(([name, value]) => `<div><dt>${escaped(name)}</dt><dd>${escaped(value)}</dd></div>`).join('\n')}
</dl>
${[...failures(items), ...reportGroups(items)].map(groupHtml).join('\n')}
${exceptionsHtml(exceptions)}
<footer>
<h2>What the words mean</h2>
<dl>
${legend.map(([word, text]) => `<div><dt>${badge(word)}</dt><dd>${escaped(text)}</dd></div>`).join('\n')}
</dl>
</footer>
</main>
</body>
</html>
`;
}

/** The end of the matter, in a sentence. */
export function headline({ items }: EvidenceReport): string {
  const failed = items.filter(({ verdict }) => verdict === 'failed').length;
  if (failed > 0) return `${failed} of ${items.length} items do not hold`;
  return worst(items) === 'SIMULATED HARDWARE'
    ? 'SIMULATED HARDWARE: everything holds, and no hardware stands behind it'
    : 'Everything holds';
}

function worst(items: readonly ReportItem[]): Verdict {
  const order: readonly Verdict[] = ['failed', 'SIMULATED HARDWARE', 'proven'];
  return order.find((verdict) => items.some((item) => item.verdict === verdict)) ?? 'attested';
}

/** What failed stands first, and in its place once more. */
function failures(items: readonly ReportItem[]): readonly ReportGroup[] {
  const failed = items.filter(({ verdict }) => verdict === 'failed');
  const about = 'These items do not hold, so the set is no evidence.';
  return failed.length === 0 ? [] : [{ title: 'What failed', about, items: failed }];
}

const groupHtml = ({ title, about, items }: ReportGroup): string => `<section>
<h2>${escaped(title)}</h2>
<p class="about">${escaped(about)}</p>
<ul class="items">
${items.map(itemHtml).join('\n')}
</ul>
</section>`;

function itemHtml({ kind, name, verdict, code, why }: ReportItem): string {
  const reason = code === undefined ? '' : `<code>${escaped(code)}</code> `;
  return `<li class="${classOf(verdict)}">${badge(verdict)}<div><h3>${escaped(kind)}${name === kind ? '' : ` <span>${escaped(name)}</span>`}</h3><p>${reason}${escaped(why)}</p></div></li>`;
}

function exceptionsHtml(exceptions: readonly string[]): string {
  if (exceptions.length === 0) return '';
  const list = exceptions.map((what) => `<li>${escaped(what)}</li>`).join('\n');
  return `<section>
<h2>Exceptions</h2>
<p class="about">What did not go by the book, in the words that those present have signed.</p>
<ol>
${list}
</ol>
</section>`;
}

const legend: readonly (readonly [Verdict, string])[] = [
  ['proven', 'Follows from keys, hashes and proofs that were checked here.'],
  ['attested', 'Somebody with a name has signed that it is so. Nothing else shows it.'],
  [
    'SIMULATED HARDWARE',
    'Checked like proof, but it rests on HSMs that are programs: whoever runs them can read their keys.',
  ],
  ['failed', 'It does not hold, for the reason given. Evidence with a failed item is no evidence.'],
];

const classOf = (verdict: Verdict): string => verdict.toLowerCase().replace(' ', '-');
const badge = (verdict: Verdict): string => `<strong class="badge ${classOf(verdict)}">${verdict}</strong>`;

/** Foreign text as HTML shows it. */
export function escaped(text: string): string {
  const names: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replace(/[&<>"']/g, (character) => names[character] as string);
}

const style = `
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;--line:#d0d7de;--page:#fff;--proven:#116329;--attested:#0a4a8f;--simulated:#7a4d00;--failed:#a40e26}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9da7b3;--line:#30363d;--page:#0d1117;--proven:#5ec879;--attested:#79b8ff;--simulated:#e3b341;--failed:#ff8182}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:56rem;margin:0 auto;padding:1.5rem 1rem 3rem}
h1{font-size:1.6rem;margin:0 0 .5rem}
h2{font-size:1.15rem;margin:2rem 0 0;border-bottom:1px solid var(--line);padding-bottom:.25rem}
h3{font-size:1rem;margin:0}
h3 span{font-weight:400;color:var(--soft)}
p{margin:.15rem 0}
.about{color:var(--soft);margin:.4rem 0 .6rem}
.headline{font-size:1.1rem;font-weight:600;margin:0 0 1rem;padding:.6rem .8rem;border:1px solid;border-left-width:.4rem;border-radius:.3rem}
dl{margin:0}
dl div{display:grid;grid-template-columns:12rem 1fr;gap:.2rem 1rem;padding:.25rem 0}
dt{color:var(--soft)}
dd{margin:0;overflow-wrap:anywhere}
.items{list-style:none;margin:0;padding:0}
.items li{display:grid;grid-template-columns:12rem 1fr;gap:.2rem 1rem;padding:.55rem 0;border-bottom:1px solid var(--line);break-inside:avoid}
.items li p{overflow-wrap:anywhere}
code{font:.9em ui-monospace,monospace;color:var(--failed)}
.badge{font-size:.85rem;white-space:nowrap}
.proven,.badge.proven{--mark:var(--proven)}
.attested,.badge.attested{--mark:var(--attested)}
.simulated-hardware,.badge.simulated-hardware{--mark:var(--simulated)}
.failed,.badge.failed{--mark:var(--failed)}
.badge,.headline{color:var(--mark)}
ol{padding-left:1.5rem}
@media (max-width:40rem){dl div,.items li{grid-template-columns:1fr}}
@media print{:root{color-scheme:light;--ink:#000;--soft:#444;--line:#bbb;--page:#fff;--proven:#116329;--attested:#0a4a8f;--simulated:#7a4d00;--failed:#a40e26}main{max-width:none;padding:0}body{font-size:10.5pt}h2{break-after:avoid}}
`;
