import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Place } from './fixture.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const git = (...args: string[]) => spawnSync('git', args, { cwd: root, encoding: 'utf8' });
const isClone = git('rev-parse', 'HEAD').status === 0;
const options = isClone ? {} : { skip: 'needs git, and a checkout made with it' };

test(
  'an outsider rebuilds the image of a commit: the same digest twice, and another claim is refused',
  options,
  async () => {
    const place = new Place();
    const head = git('rev-parse', 'HEAD').stdout.trim();
    const first = await place.run([
      'evidence',
      'rebuild',
      '--source',
      root,
      '--ref',
      head,
      '--out',
      'hsmd.mjs',
      '--json',
    ]);
    assert.equal(first.code, 0, first.err);
    const { digest, commit, matches } = first.json;
    assert.deepEqual([commit, matches], [head, false]);
    // What they keep is what they counted.
    assert.match(execFileSync('sha256sum', [place.path('hsmd.mjs')], { encoding: 'utf8' }), new RegExp(`^${digest} `));

    const again = await place.run(['evidence', 'rebuild', '--source', root, '--expect', String(digest), '--json']);
    assert.equal(again.code, 0, again.err);
    assert.equal(again.json.matches, true);

    const claim = '0'.repeat(64);
    const refused = await place.run(['evidence', 'rebuild', '--source', root, '--expect', claim, '--json']);
    assert.equal(refused.code, 1);
    assert.deepEqual([refused.json.ok, refused.json.reason], [false, 'image-differs']);
  },
);
