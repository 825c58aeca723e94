import { hex } from '@coffer/base';
import type { HostReply, HostRequest } from '@coffer/hsm';
import type { Term } from '@coffer/protocol';

/** First bytes of a hash, enough for a person. */
export const short = (bytes: Uint8Array): string => hex(bytes.subarray(0, 4));

export const describeTerm = ({ round, leaderId }: Term): string => `${round}.${leaderId}`;

/** One exchange between a host and its HSM, as a trace line. */
export function describeReply(request: HostRequest, reply: HostReply): string {
  const what = `${request.type}${describeRequest(request)}`;
  switch (reply.type) {
    case 'refused':
      return `${what} -> refused ${reply.code}`;
    case 'promised': {
      const { t, capTerm, index, hash } = reply.promise.statement;
      return `${what} -> promised ${describeTerm(t)} at ${describeTerm(capTerm)} #${index} ${short(hash)}`;
    }
    case 'captured':
    case 'new-view': {
      const { term, index, hash } = reply.cap.statement;
      return `${what} -> cap ${describeTerm(term)} #${index} ${short(hash)}`;
    }
    case 'executed':
      return reply.entry === undefined ? `${what} -> nothing` : `${what} -> #${reply.entry.entry.index}`;
    case 'released':
      return `${what} -> released ${reply.entries.map(({ index }) => `#${index}`).join(' ')}`;
    case 'inspected': {
      const { promised, capTerm, index, hash } = reply;
      return `${what} -> promised ${describeTerm(promised)} at ${describeTerm(capTerm)} #${index} ${short(hash)}`;
    }
    case 'described':
    case 'attested':
      return what;
  }
}

function describeRequest(request: HostRequest): string {
  switch (request.type) {
    case 'describe':
    case 'attest':
      return '';
    case 'execute':
      return ` g${request.group} ${describeTerm(request.term)} ${request.items.length} items`;
    case 'promise':
      return ` g${request.group} ${describeTerm(request.t)}`;
    case 'new-view':
      return ` g${request.group} ${describeTerm(request.t)} of ${request.promises.map((p) => p.statement.hsm).join('+')}`;
    case 'inspect':
      return ` g${request.group}`;
    case 'capture':
      return ` g${request.group} ${request.entries.map(({ entry }) => `#${entry.index}`).join(' ')}`;
    case 'adopt':
      return ` g${request.view.statement.group} ${describeTerm(request.view.statement.t)}`;
    case 'release':
    case 'jump': {
      const { group, term, index, hash } = request.certificate;
      return ` g${group} ${describeTerm(term)} #${index} ${short(hash)}`;
    }
  }
}
