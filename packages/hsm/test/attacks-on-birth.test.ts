import * as bytes from '@coffer/base';
import { equalBytes } from '@coffer/base';
import { hpkeSetupSender } from '@coffer/crypto';
import type { FleetShare } from '@coffer/protocol';
import { type Attack, testAttacks } from './attack.js';
import { RefusedError } from './bench.js';
import { type Generated, Nursery, type Unborn } from './nursery.js';

const birth = 'hsm/dist/birth/birth.js';
const list = 'hsm/dist/birth/birth-list.js';

/** Whether `act` was carried out. */
function works(act: () => unknown): boolean {
  try {
    act();
    return true;
  } catch (cause) {
    if (cause instanceof RefusedError) return false;
    throw cause;
  }
}

const attacks: Attack[] = [
  {
    name: 'secrets exported twice',
    rule: 'the step that exports makes the HSM a member',
    run({ modules }) {
      const nursery = new Nursery({ modules });
      const first = nursery.generate(nursery.list());
      return works(() => nursery.generate(nursery.list(), nursery.hsms[0])) && first.shares.length > 0;
    },
    without: [{ file: birth, find: 'this.#isMember = true;', replace: '' }],
  },
  {
    name: 'a member that is born again after a restart',
    rule: 'a member’s state opens for no birth',
    run({ modules }) {
      const nursery = new Nursery({ modules });
      nursery.generate(nursery.list());
      const [hsm] = nursery.hsms as [Unborn];
      try {
        nursery.restart(hsm);
      } catch {
        return false;
      }
      return works(() => nursery.generate(nursery.list()));
    },
    without: [{ file: birth, find: 'nvram.persist(sealed);', replace: '' }],
  },
  {
    name: 'a fleet that an HSM leaves for another one',
    rule: 'an HSM accepts once',
    run({ modules }) {
      const nursery = new Nursery({ modules, count: 3 });
      const [one, two, three] = nursery.hsms as [Unborn, Unborn, Unborn];
      const birthA = nursery.list();
      const madeA = nursery.generate(birthA, one);
      const madeB = nursery.generate(nursery.list(), two);
      const share = (made: Generated) =>
        made.shares.find(({ statement }) => statement.hsm === 3) as Generated['shares'][0];
      const accept = (made: Generated) =>
        nursery.ask(three, 'birth.accepted', {
          type: 'birth.accept',
          birth: birthA,
          descriptor: made.descriptor,
          share: share(made),
        });
      accept(madeA);
      return works(() => accept(madeB));
    },
    without: [
      {
        file: birth,
        find: "if (this.#isMember) refuseBirth('already-member', 'this HSM is a member of a fleet');",
        replace: '',
      },
      // The transport key is gone by then as well.
      { file: birth, find: 'this.#forgetTransportKey(); } #acceptance', replace: '} #acceptance' },
    ],
  },
  {
    name: 'secrets that a host made up',
    rule: 'a share is signed by an HSM of the list',
    run({ modules }) {
      const nursery = new Nursery({ modules });
      // A fleet of the host's own, whose secrets it knows, but for the members' keys.
      const birthList = nursery.list();
      const made = nursery.generate(birthList);
      const share = made.shares[0] as Generated['shares'][0];
      const forged = {
        statement: share.statement,
        signature: nursery.hsms[1]?.keyStore.sign(new Uint8Array(32)) as Uint8Array,
      };
      const descriptor = made.descriptor;
      return works(() =>
        nursery.ask(nursery.hsms[1] as Unborn, 'birth.accepted', {
          type: 'birth.accept',
          birth: birthList,
          descriptor,
          share: forged,
        }),
      );
    },
    without: [{ file: birth, find: 'if (author < 0 || author + 1 === own)', replace: 'if (false)' }],
  },
  {
    name: 'a quorum that was lowered on the way',
    rule: 'every HSM makes the descriptor itself and compares',
    run({ modules }) {
      const nursery = new Nursery({ modules });
      const honest = nursery.list({ quorum: 3 });
      const made = nursery.generate(honest);
      const { decodeFleetDescriptor, encodeFleetDescriptor, birthHash, fleetShareMessage } = modules.protocol;
      const fleet = decodeFleetDescriptor(made.descriptor);
      const descriptor = encodeFleetDescriptor({ ...fleet, quorum: 2 });
      const lowered = decodeFleetDescriptor(descriptor);
      // The attacker has an HSM of the list say what it likes: here the first one's keys, to seal the same secrets anew.
      const context = { configHash: lowered.configHash, birth: birthHash(honest), hsm: 2 };
      const statement = reseal(nursery, made, context);
      const signature = nursery.hsms[0]?.keyStore.sign(fleetShareMessage(statement)) as Uint8Array;
      return works(() =>
        nursery.ask(nursery.hsms[1] as Unborn, 'birth.accepted', {
          type: 'birth.accept',
          birth: honest,
          descriptor,
          share: { statement, signature },
        }),
      );
    },
    without: [{ file: birth, find: 'if (!equalBytes(followed.descriptor, descriptor))', replace: 'if (false)' }],
  },
  {
    name: 'a description of another ceremony',
    rule: 'every description answers the nonce of the plan',
    run({ modules }) {
      const nursery = new Nursery({ modules });
      const { plan, descriptions } = nursery.list();
      const old = nursery.describe(nursery.hsms[2] as Unborn, new Uint8Array(32));
      return works(() => nursery.generate({ plan, descriptions: [...descriptions.slice(0, 2), old] }));
    },
    without: [{ file: list, find: 'if (!equalBytes(nonce, plan.nonce))', replace: 'if (false)' }],
  },
  {
    name: 'a description that its HSM did not sign',
    rule: 'each description is verified by the identity in it',
    run({ modules }) {
      const nursery = new Nursery({ modules });
      const { plan, descriptions } = nursery.list();
      const [own, two, three] = descriptions as [
        (typeof descriptions)[0],
        (typeof descriptions)[0],
        (typeof descriptions)[0],
      ];
      // The host puts its own transport key into an honest description: it would read the share.
      const { transportKey } = three.statement;
      const swapped = { ...two, statement: { ...two.statement, transportKey } };
      const other = nursery.describe(nursery.add('site-4'), plan.nonce);
      return works(() => nursery.generate({ plan, descriptions: [own, swapped, other] }));
    },
    without: [{ file: list, find: 'verified(() => verifyBirthDescription(signed))', replace: 'signed.statement' }],
  },
  {
    name: 'one HSM as two members',
    rule: 'serials, transport keys, identities and sites are distinct',
    run({ modules }) {
      const nursery = new Nursery({ modules });
      const [one, two] = nursery.hsms as [Unborn, Unborn];
      return works(() => nursery.generate(nursery.list({ quorum: 2 }, [one, two, two])));
    },
    without: [
      {
        file: list,
        find: 'if (serials < descriptions.length || transports < descriptions.length)',
        replace: 'if (false)',
      },
      {
        file: 'protocol/dist/fleet-descriptor.js',
        find: 'if (new Set(members.map((m) => m.site)).size !== members.length)',
        replace: 'if (false)',
      },
      {
        file: 'protocol/dist/fleet-descriptor.js',
        find: 'if (new Set(members.map((m) => hex(m.key))).size !== members.length)',
        replace: 'if (false)',
      },
    ],
  },
  {
    name: 'a fleet born with two programs',
    rule: 'all HSMs of a list run one image',
    run({ modules }) {
      const nursery = new Nursery({ modules, count: 2 });
      nursery.add('site-3', new Uint8Array(32));
      return works(() => nursery.generate(nursery.list()));
    },
    without: [{ file: list, find: 'if (!equalBytes(image, own.image))', replace: 'if (false)' }],
  },
  {
    name: 'a share that two HSMs open',
    rule: 'a share names its member, and is sealed to that one’s key',
    run({ modules }) {
      const nursery = new Nursery({ modules });
      const birthList = nursery.list();
      const { descriptor, shares } = nursery.generate(birthList);
      const others = shares.find(({ statement }) => statement.hsm === 2) as Generated['shares'][0];
      return works(() =>
        nursery.ask(nursery.hsms[2] as Unborn, 'birth.accepted', {
          type: 'birth.accept',
          birth: birthList,
          descriptor,
          share: others,
        }),
      );
    },
    without: [
      { file: birth, find: 'if (!isOurs)', replace: 'if (false)' },
      // Sealed to a key that everybody has.
      {
        file: 'hsm/dist/birth/birth-state.js',
        find: 'transportSeed: entropy.bytes(32)',
        replace: 'transportSeed: new Uint8Array(32)',
      },
      {
        file: list,
        find: 'if (serials < descriptions.length || transports < descriptions.length)',
        replace: 'if (false)',
      },
    ],
  },
  {
    name: 'a member that is asked for its secrets',
    rule: 'a member knows no message of a birth, and an unborn HSM none of a member',
    run({ modules }) {
      const nursery = new Nursery({ modules });
      const birthList = nursery.list();
      const { descriptor } = nursery.generate(birthList);
      const fleet = modules.protocol.decodeFleetDescriptor(descriptor);
      const [{ keyStore, nvram }] = nursery.hsms as [Unborn];
      const hsm = modules.hsm.Hsm.boot({ fleet, keyStore, nvram, entropy: nursery.entropy, image: new Uint8Array(32) });
      const { encodeBirthRequest, decodeHostReply, encodeHostRequest, decodeBirthReply } = modules.hsm;
      const requests = [
        encodeBirthRequest({ id: 1, body: { type: 'birth.generate', birth: birthList } }),
        encodeBirthRequest({ id: 2, body: { type: 'birth.describe', nonce: new Uint8Array(32) } }),
      ];
      const answers = hsm.step(requests).map((frame) => decodeHostReply(frame).body);
      const [unborn] = nursery.add('site-9').birth.step([encodeHostRequest({ id: 3, body: { type: 'describe' } })]);
      const isRefused =
        answers.every((reply) => reply.type === 'refused' && reply.code === 'bad-request') &&
        decodeBirthReply(unborn as Uint8Array).body.type === 'birth.refused';
      return !isRefused;
    },
    // A member that would answer anything to a frame that is none of its own.
    without: [
      {
        file: 'hsm/dist/hsm.js',
        find: "if (cause instanceof WireError) return { code: 'bad-request', message: 'not a request' };",
        replace: "if (cause instanceof WireError) return { code: 'not-newer', message: 'what would you like?' };",
      },
    ],
  },
];

testAttacks(attacks);

/** The secrets of a generated fleet, sealed anew for another statement: what a compromised HSM of the list could do. */
function reseal(
  nursery: Nursery,
  made: Generated,
  context: Pick<FleetShare, 'configHash' | 'birth' | 'hsm'>,
): FleetShare {
  const { keyStore, nvram } = nursery.hsms[0] as Unborn;
  const { concat, u16be, utf8 } = bytes;
  const state = keyStore.open(concat(utf8('coffer/hsm-state/v1'), keyStore.publicKey), nvram.load() as Uint8Array);
  // version u8, fleetId 16, configHash 32, member u16, then the five secrets.
  const secrets = state.subarray(51, 51 + 160);
  const { statement } = made.shares.find((share) => share.statement.hsm === context.hsm) as Generated['shares'][0];
  const target = nursery.describe(nursery.hsms[context.hsm - 1] as Unborn, new Uint8Array(32)).statement.transportKey;
  const info = concat(utf8('coffer/fleet-share/v1'), context.configHash, context.birth, u16be(context.hsm));
  const { enc, context: sender } = hpkeSetupSender(target, info, nursery.entropy);
  if (equalBytes(enc, statement.enc)) throw new Error('not sealed anew');
  return { ...context, enc, sealed: sender.seal(new Uint8Array(), secrets) };
}
