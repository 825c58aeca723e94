/*
 * Coffer's agreement with every host hostile: see README.md, and docs/spec/consensus.md for the rules in words.
 *
 * Each process is one HSM. Its loop offers every request that any host could send it next, made from whatever has ever been signed.
 * Sizes are set with -D: N members, tolerance S, T terms, I indexes, L branches a term may have (1 with the rules whole,
 * and checked; variants may need 2).
 */
#ifndef N
#define N 3
#endif
#ifndef S
#define S 0
#endif
#ifndef T
#define T 2
#endif
#ifndef I
#define I 2
#endif
#ifndef L
#define L 1
#endif
#ifndef LEADER1
#define LEADER1 0
#endif
#ifndef LEADER2
#define LEADER2 1
#endif
#ifndef LEADER3
#define LEADER3 0
#endif
#ifndef LEADER4
#define LEADER4 0
#endif

/* clause Quorum: one number for certificates and for promises. Any two quorums share S + 1 members. */
#ifdef W_UNANIMITY
#define QUORUM N
#else
#define QUORUM ((N + S) / 2 + 1)
#endif
#ifdef W_CERTIFICATE_QUORUM
#define CERTIFICATE_QUORUM (QUORUM - 1)
#else
#define CERTIFICATE_QUORUM QUORUM
#endif
#ifdef W_PROMISE_QUORUM
#define PROMISE_QUORUM (QUORUM - 1)
#else
#define PROMISE_QUORUM QUORUM
#endif

#include "state.pml"
#include "rules.pml"

#include "choices.pml"
#ifdef PROGRESS
#define CALMED calmed
#else
#define CALMED 0
#endif

#define PROMISE(t) :: MAY_PROMISE(h, t) -> t_ = t
#define PROMISE_AGAIN(t) :: h == VICTIM && REP(h, t) != 0 && MAY_PROMISE(h, t) -> t_ = t
#define OPEN(t, b) :: d_step { MAY_OPEN(h, t, b) -> t_ = t; b_ = b }
#define ADOPT(t, l) :: d_step { MAY_ADOPT(h, t, l) -> t_ = t; b_ = l }
#define CAPTURE(e) :: MAY_CAPTURE(h, e) -> b_ = e
#define JUMP(t, e) :: d_step { MAY_JUMP(h, t, e) -> t_ = t; b_ = e }

byte t_, b_, c_, g_;
short old_;

#ifdef PROGRESS
#include "calm.pml"
#endif

proctype Hsm(byte h) {
end:
  do
  :: atomic { if EACH_TERM(PROMISE) fi; d_step { printf("HSM %d promises term %d\n", h, t_); promise(h, t_); t_ = 0 } }
  :: atomic { if EACH_TERM(OPENS_OF) fi; d_step { printf("HSM %d opens term %d from the promise of %d\n", h, t_, b_); open(h, t_, b_); t_ = 0; b_ = 0 } }
  :: atomic { if EACH_TERM(ADOPTS_OF) fi; d_step { printf("HSM %d adopts the view of term %d\n", h, t_); adopt(h, t_, b_); t_ = 0; b_ = 0 } }
#ifndef EAGER
  :: d_step { MAY_EXECUTE(h) -> execute(h); printf("HSM %d executes entry %d of term %d\n", h, INDEX(tip[h]), TERM_OF(tip[h])) }
#endif
  :: atomic { if EACH_ENTRY(CAPTURE) fi; d_step { printf("HSM %d captures entry %d of term %d\n", h, INDEX(b_), TERM_OF(b_)); capture(h, b_); b_ = 0 } }
#ifndef HOSTS_NEVER_JUMP
  :: atomic { if JUMPS_TO(0) EACH_ENTRY(JUMPS_TO) fi; d_step { printf("HSM %d jumps to entry %d of term %d, certified in term %d\n", h, INDEX(b_), TERM_OF(b_), t_); jump(h, t_, b_); t_ = 0; b_ = 0 } }
#endif
#ifndef HOSTS_NEVER_RESTART
  :: d_step { candidacy[h] != 0 || leads[h] != 0 -> printf("HSM %d restarts\n", h); forget(h) }
#endif
#ifdef VICTIM
  /* A member that forgot a promise gives it again; hosts keep the old one or the new one (above). */
  :: atomic { if EACH_TERM(PROMISE_AGAIN) fi; d_step { printf("HSM %d promises term %d again\n", h, t_); old_ = REP(h, t_); promise(h, t_); REP(h, t_) = old_; t_ = 0; old_ = 0 } }
#endif
#ifdef W_SIGN_FIRST_PROMISE
  :: atomic { if EACH_TERM(PROMISE) fi; d_step { printf("HSM %d signs a promise of term %d and loses power\n", h, t_); recordPromise(h, t_); forget(h); t_ = 0 } }
#endif
#ifdef W_SIGN_FIRST_CAPTURE
  :: atomic { if EACH_ENTRY(CAPTURE) fi; d_step { printf("HSM %d signs Cap for entry %d of term %d and loses power\n", h, INDEX(b_), TERM_OF(b_)); signCap(h, capTerm[h], b_); forget(h); b_ = 0 } }
#endif
  od
}

#ifdef VICTIM
/* Hosts copy the state of one HSM and put it back later; what it signed in between stays in their hands. */
byte copyPromised, copyTerm, copyAt;

proctype Thief() {
#ifndef RESTORED_TO_START
end:
  d_step { !CALMED -> printf("the state of HSM %d is copied\n", VICTIM); copyPromised = promised[VICTIM]; copyTerm = capTerm[VICTIM]; copyAt = at[VICTIM] };
#endif
end2:
  d_step {
    !CALMED && (copyPromised != promised[VICTIM] || copyTerm != capTerm[VICTIM] || copyAt != at[VICTIM]) ->
    printf("the state of HSM %d is put back\n", VICTIM);
    forget(VICTIM);
    promised[VICTIM] = copyPromised; capTerm[VICTIM] = copyTerm; at[VICTIM] = copyAt;
    copyPromised = 0; copyTerm = 0; copyAt = 0
  }
}
#endif

init {
  atomic {
    chain[0] = 1;
    for (i_ : 0 .. N - 1) { run Hsm(i_) }
    i_ = 0;
#ifdef VICTIM
    run Thief()
#endif
  }
#ifdef PROGRESS
end:
  atomic { if CALMS fi; d_step { printf("only %d are left, as a set of bits; HSM %d takes over\n", t_, calmLeader); calm(t_, calmLeader); t_ = 0; calmLeader = 0 } }
#endif
}
