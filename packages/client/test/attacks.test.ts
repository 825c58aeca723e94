import { ksfFloor } from '@coffer/protocol';
import { type Attack, testAttacks } from './attack.js';
import { protectedDevice } from './harness.js';

/** What a call that fails says, and undefined for one that does not. */
const failure = (call: Promise<unknown>): Promise<string | undefined> =>
  call.then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );

const attacks: readonly Attack[] = [
  {
    name: 'silent refill after foreign failures',
    rule: 'only its own failures are refilled without asking',
    async run(sdk) {
      const { device, client } = await protectedDevice('1234', { sdk });
      device.fleet.vault.foreignFailures(3);
      await client.unlock('1234');
      return device.fleet.types.includes('refill');
    },
    without: [{ file: 'refill.js', find: 'openAttempts.every(isOwn)', replace: 'true' }],
  },
  {
    name: 'silent refill after foreign failures, behind a grant that this device never saw',
    rule: 'failures are known by their ids, not by their number',
    async run(sdk) {
      const { device, client } = await protectedDevice('1234', { sdk });
      await client.unlock('0000');
      await client.unlock('0001');
      device.fleet.vault.foreignRefill();
      device.fleet.vault.foreignFailures(2);
      await client.unlock('1234');
      return device.fleet.types.includes('refill');
    },
    without: [
      { file: 'refill.js', find: 'openAttempts.every(isOwn)', replace: 'openAttempts.length === ownFailures.length' },
      { file: 'recovery.js', find: '.filter(isOpen)', replace: '' },
    ],
  },
  {
    name: 'downgrade of KSF parameters',
    rule: 'parameters are checked before anything is stretched',
    async run(sdk) {
      const { device, client } = await protectedDevice('1234', { sdk });
      device.fleet.vault.ksfSaid = { ...ksfFloor, memoryKiB: 8 };
      return (await failure(client.unlock('1234'))) === 'stretched with refused parameters';
    },
    without: [{ file: 'session.js', find: 'if (!isKsfAcceptable(ksf))', replace: 'if (false)' }],
  },
  {
    name: 'a guess at budget 0',
    rule: 'nothing is sent that makes the HSMs destroy the vault',
    async run(sdk) {
      const { device, client } = await protectedDevice('1234', { sdk });
      device.fleet.vault.foreignFailures(device.fleet.vault.budget);
      await client.unlock('1234');
      return device.fleet.vault.state === 'destroyed';
    },
    without: [{ file: 'recovery.js', find: 'if (status.budget === 0)', replace: 'if (false)' }],
  },
  {
    name: 'a reply that no majority stands behind',
    rule: 'a reply is believed only with a commit proof',
    async run(sdk) {
      const { device, client } = await protectedDevice('1234', { sdk });
      device.fleet.tamper = (answer) => ({ ...answer, proof: device.fleet.prove(answer.reply, {}, [1]) });
      return (await failure(client.unlock('1234'))) === undefined;
    },
    without: [
      {
        file: 'exchange.js',
        find: 'verifyCommitProof(fleet, this.#group, answer.reply, answer.proof);',
        replace: '',
      },
    ],
  },
  {
    name: 'a liar that is asked again',
    rule: 'who answered without a proof is not asked again at once',
    async run(sdk) {
      const { device, client } = await protectedDevice('1234', { sdk });
      let lies = 1;
      device.fleet.tamper = (answer) =>
        lies-- > 0 ? { ...answer, proof: device.fleet.prove(answer.reply, {}, [1]) } : answer;
      return (await failure(client.unlock('1234'))) === undefined;
    },
    without: [{ file: 'answers.js', find: '&& retryable.has(error.code)', replace: '' }],
  },
  {
    name: 'silence that tells a wrong password',
    rule: 'a failed unlock still sends a finish',
    async run(sdk) {
      const { device, client } = await protectedDevice('1234', { sdk });
      await client.unlock('0000');
      return !device.fleet.types.includes('recover.finish');
    },
    without: [
      {
        file: 'recovery.js',
        find: 'const reply = await decoyFinish(session, started);',
        replace: 'const reply = undefined;',
      },
    ],
  },
  {
    name: 'a fleet that was put back',
    rule: 'a version below one that was seen stops the client',
    async run(sdk) {
      const { device, client } = await protectedDevice('1234', { sdk });
      const { live } = device.fleet.vault;
      await client.protect('5678', new Uint8Array(32));
      Object.assign(device.fleet.vault, { version: 1, live, open: [] });
      return (await failure(client.unlock('1234'))) === undefined;
    },
    without: [{ file: 'session.js', find: 'if (version < seenVersion)', replace: 'if (false)' }],
  },
];

testAttacks(attacks);
